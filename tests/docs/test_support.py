"""The packet on docs/support.md is one that the sidecar makes; ``SIDECAR_WRITE_DOCS=1`` writes it anew."""

import os
import re
import signal

from tests.docs.pages import ROOT, page
from tests.support.scripted_provider import ScriptedProvider, answer
from tests.support.sidecar_process import SidecarProcess

_BUSY = b'{"error": {"code": "overloaded", "message": "try again in a minute", "account": "ann@example.com"}}'


def _down(number: int) -> bytes:
    fields = b"Content-Type: application/json\r\nX-Request-Id: req_0%d\r\nContent-Length: %d\r\n" % (number, len(_BUSY))
    return b"HTTP/1.1 503 Service Unavailable\r\n%b\r\n%b" % (fields, _BUSY)


def _packet() -> str:
    body = b'{"item": "lamp", "email": "ann@example.com", "card": {"number": "4242424242424242"}}'
    head = (
        "PUT /partner/v1/orders/17 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nTrackingid: signup-4712\r\n"
        f"Authorization: Bearer 3Nq9vXzTb7Kp\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with ScriptedProvider(answer(_down(1), _down(2))) as provider:
        settings = {"base_url": provider.url, "retry": {"attempts": 2, "backoff": {"base": "1ms", "cap": "1ms"}}}
        with SidecarProcess({"providers": {"partner": settings}}) as sidecar:
            with sidecar.client() as app:
                assert app.ask(head.encode() + body).status == 503
            sidecar.requests(1)
            status, text = sidecar.get("/calls/signup-4712?format=markdown", sidecar.admin_port)
            assert status == 200
            sidecar.stop(signal.SIGINT)
        return (
            text.decode()
            .replace(provider.url, "https://api.partner.example")
            .replace(provider.authority, "192.0.2.17:443")
        )


def _timeless(text: str) -> str:
    """Without what differs from run to run and from machine to machine."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", "DATE", text)
    text = re.sub(r"\| \d\d:\d\d:\d\d\.\d{3} \|( [\d.]+ \|){4}", "| TIMES |", text)
    text = re.sub(r"duration \(ms\): `[\d.]+`", "duration", text)
    text = re.sub(r"[0-9a-f]{32}", "TRACE", text)
    text = re.sub(r"[0-9a-f]{16}", "SPAN", text)
    return re.sub(r"^- versions: .*$", "- versions", text, flags=re.MULTILINE)


def test_the_packet_on_the_page_is_one_that_the_sidecar_makes() -> None:
    made = _packet()
    if os.environ.get("SIDECAR_WRITE_DOCS"):
        file = ROOT / "docs" / "support.md"
        file.write_text(_replaced(file.read_text(encoding="utf-8"), made), encoding="utf-8")
        page.cache_clear()
    (shown,) = _blocks(page("docs/support.md").text)
    assert _timeless(made) == _timeless(shown)
    assert not re.search(r"ann@|4242|3Nq9", made)


def _blocks(text: str) -> list[str]:
    """The example: it has fences of its own, so that its fence is longer."""
    return re.findall(r"(?<=^````markdown\n).*?(?=^````$)", text, re.MULTILINE | re.DOTALL)


def _replaced(text: str, made: str) -> str:
    start, end = text.index("````markdown\n") + len("````markdown\n"), text.index("\n````\n")
    return text[:start] + made.rstrip("\n") + text[end:]
