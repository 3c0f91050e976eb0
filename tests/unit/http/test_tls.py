import ssl
from pathlib import Path

import pytest
import trustme

from sidecar.http.tls import TlsSettings, client_context


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(ca: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """Paths of ``ca``, ``cert``, ``key``, ``other_key`` and ``text``, which is not PEM."""
    ours, other = ca.issue_cert("client.test"), ca.issue_cert("other.test")
    found = {name: str(tmp_path / name) for name in ("ca", "cert", "key", "other_key", "text")}
    ca.cert_pem.write_to_path(found["ca"])
    ours.cert_chain_pems[0].write_to_path(found["cert"])
    ours.private_key_pem.write_to_path(found["key"])
    other.private_key_pem.write_to_path(found["other_key"])
    Path(found["text"]).write_text("not PEM")
    return found


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """A handshake in memory; raises what the client or the server raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(6):
        for end in (ours, theirs):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return ours, theirs


def server_context(ca: trustme.CA, name: str = "api.test") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.mark.parametrize("own_ca", [False, True])
def test_verification_is_always_on(files: dict[str, str], own_ca: bool) -> None:
    context = client_context(TlsSettings(ca=files["ca"] if own_ca else None))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_an_own_ca_is_trusted_and_no_other(ca: trustme.CA, files: dict[str, str]) -> None:
    context = client_context(TlsSettings(ca=files["ca"]))
    assert len(context.get_ca_certs()) == 1
    shake(context, server_context(ca), "api.test")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(context, server_context(trustme.CA()), "api.test")


def test_without_an_own_ca_the_systems_store_decides(ca: trustme.CA) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client_context(TlsSettings()), server_context(ca), "api.test")


def test_the_certificate_must_name_the_host(ca: trustme.CA, files: dict[str, str]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"api\.test"):
        shake(client_context(TlsSettings(ca=files["ca"])), server_context(ca, "other.test"), "api.test")


def test_http_1_1_is_offered_and_nothing_else(ca: trustme.CA, files: dict[str, str]) -> None:
    ours, _ = shake(client_context(TlsSettings(ca=files["ca"])), server_context(ca), "api.test")
    assert ours.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize(
    ("text", "version"), [("TLSv1.2", ssl.TLSVersion.TLSv1_2), ("TLSv1.3", ssl.TLSVersion.TLSv1_3)]
)
def test_the_oldest_version(text: str, version: ssl.TLSVersion) -> None:
    assert client_context(TlsSettings(min_version=text)).minimum_version == version


def test_a_client_certificate_is_shown(ca: trustme.CA, files: dict[str, str]) -> None:
    server = server_context(ca)
    server.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(server)
    settings = TlsSettings(ca=files["ca"], cert=files["cert"], key=files["key"])
    _, theirs = shake(client_context(settings), server, "api.test")
    certificate = theirs.getpeercert()
    assert certificate is not None
    assert ("DNS", "client.test") in certificate["subjectAltName"]


@pytest.mark.parametrize(
    ("ca_file", "cert", "key"),
    [
        ("missing", None, None),
        ("text", None, None),
        (None, "missing", "key"),
        (None, "cert", "missing"),
        (None, "text", "key"),
        (None, "cert", "other_key"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(
    files: dict[str, str], ca_file: str | None, cert: str | None, key: str | None
) -> None:
    def path(name: str | None) -> str | None:
        return None if name is None else files.get(name, name)

    with pytest.raises(OSError):
        client_context(TlsSettings(ca=path(ca_file), cert=path(cert), key=path(key)))
