"""TLS towards providers: always verified, with the system's trust store unless another CA is named."""

import ssl
from dataclasses import dataclass

_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Files are PEM. ``server_name``: sent as SNI and checked against the certificate, instead of the host."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None
    min_version: str = "TLSv1.2"


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """A context that verifies certificate and host name (RFC 9110 4.3.4). There is no way to switch it off.

    Raises:
        OSError: a named file cannot be read, or is not PEM (``ssl.SSLError`` is an ``OSError``).
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=settings.ca)
    context.minimum_version = _VERSIONS[settings.min_version]
    if settings.cert is not None:
        context.load_cert_chain(settings.cert, settings.key)
    context.set_alpn_protocols(["http/1.1"])
    return context
