"""The same wire in a real process: what a test inside this one could not see."""

from pathlib import Path

from tests.support.raw_client import RawClient
from tests.support.scripted_provider import ScriptedProvider, echo
from tests.support.sidecar_process import SidecarProcess


def test_a_process_serves_logs_once_per_request_and_ends_cleanly(tmp_path: Path) -> None:
    unix = str(tmp_path / "p.sock")
    with ScriptedProvider(echo) as provider:
        providers = {
            "p": {"base_url": provider.url, "listen": "127.0.0.1:0", "host": "p.localhost"},
            "q": {"base_url": provider.url, "listen": f"unix:{unix}"},
        }
        with SidecarProcess({"providers": providers}) as sidecar:
            with sidecar.client() as client:
                for number in range(20):
                    client.send(b"POST /p/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" % number)
                for number in range(20):
                    assert client.read_answer().body == b"POST /%d HTTP/1.1|x" % number
            with RawClient(sidecar.port_of("providers.p.listen")) as client:
                assert client.ask(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").body == b"OPTIONS * HTTP/1.1|"
            with RawClient(unix) as client:
                assert client.ask(b"GET /q HTTP/1.0\r\n\r\n").body == b"GET /q HTTP/1.1|"
            with sidecar.client() as client:
                client.send(b"\x16\x03\x01 hello")
                assert client.read_answer().status == 400
                client.assert_closed()
            lines = sidecar.requests(23)
            assert [line["status"] for line in lines] == [200] * 22 + [400]
            assert sidecar.get("/livez")[0] == 200
        assert len(sidecar.requests()) == 23
        assert sidecar.lines[-1]["event"] == "stopped"


def test_request_ids_are_unique() -> None:
    lines = 200
    with (
        ScriptedProvider(echo) as provider,
        SidecarProcess({"providers": {"p": {"base_url": provider.url}}}) as sidecar,
        sidecar.client() as client,
    ):
        for _ in range(lines):
            client.ask(b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len({line["request_id"] for line in sidecar.requests(lines)}) == lines
