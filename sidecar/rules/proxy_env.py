"""Which corporate proxy a provider is reached through: ``proxy:`` or the usual environment variables.

The variables follow curl (https://curl.se/docs/manpage.html, "ENVIRONMENT"): lower case wins over upper case,
empty counts as unset. ``HTTP_PROXY`` in upper case is not read, as in curl: a CGI server sets it from the client's
``Proxy`` header (httpoxy, CVE-2016-5385). Ports in ``NO_PROXY`` are Go's addition (golang.org/x/net/http/httpproxy).
"""

import ipaddress
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 80
"""The port of http: curl would take 1080, Go and requests take this."""


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    """A proxy that is asked with CONNECT.

    ``host``: without brackets. ``authorization``: value of ``Proxy-Authorization``, None without credentials;
    never shown in a ``repr``.
    """

    host: str
    port: int
    authorization: bytes | None = field(default=None, repr=False)


def parse_proxy(url: str) -> ProxyAddress:
    """The proxy of ``http://user:password@proxy.corp:3128``.

    Raises:
        ValueError: not an http URL, no host, a bad port, or more than an address. The text never quotes the
            URL's credentials.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        msg = "a proxy is written as a URL, like http://proxy.corp:3128"
        raise ValueError(msg)
    if scheme.lower() != "http":
        msg = f"a proxy must be an http:// URL, {scheme[:16]}:// is not supported"
        raise ValueError(msg)
    try:
        parts = urlsplit(f"http://{rest}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        msg = "the address of the proxy is not valid: write it like http://proxy.corp:3128"
        raise ValueError(msg) from error
    if not host or any(character <= " " for character in host):
        msg = "the proxy has no host: write it like http://proxy.corp:3128"
        raise ValueError(msg)
    if port == 0:
        msg = "the proxy's port must lie between 1 and 65535"
        raise ValueError(msg)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        msg = "a proxy URL ends after the port: write it like http://proxy.corp:3128"
        raise ValueError(msg)
    return ProxyAddress(host, port or DEFAULT_PORT, _basic(parts.username, parts.password))


def _basic(user: str | None, password: str | None) -> bytes | None:
    """Basic credentials (RFC 7617 section 2) of a URL's userinfo."""
    if not user and not password:
        return None
    user = unquote(user or "")
    if ":" in user:
        msg = "the user name of the proxy must not contain a colon (RFC 7617)"
        raise ValueError(msg)
    return b"Basic " + b64encode(f"{user}:{unquote(password or '')}".encode())


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> ProxyAddress | None:
    """The proxy that the environment names for ``scheme://host:port``, or None for a direct connection.

    Raises:
        ValueError: the variable that applies holds no usable address; the text begins with its name.
    """
    names = ("https_proxy", "HTTPS_PROXY") if scheme == "https" else ("http_proxy",)
    for name in (*names, "all_proxy", "ALL_PROXY"):
        value = environ.get(name, "").strip()
        if value:
            break
    else:
        return None
    if bypassed(host, port, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    try:
        return parse_proxy(value if "://" in value else f"http://{value}")
    except ValueError as error:
        msg = f"{name}: {error}"
        raise ValueError(msg) from error


def bypassed(host: str, port: int, no_proxy: str) -> bool:
    """Whether ``NO_PROXY`` lists the host.

    Entries are separated by commas or spaces: ``*`` for all; a name for itself and its subdomains, with a leading
    dot or without; an IP address; a network like ``10.0.0.0/8``; each but the network with ``:port`` if it holds
    for one port only. IPv6 is written with or without brackets.
    """
    host = host.lower().strip("[]").rstrip(".")
    address = _address(host)
    for entry in no_proxy.lower().replace(",", " ").split():
        if entry == "*":
            return True
        name, wanted = _split_port(entry)
        if wanted and wanted != str(port):
            continue
        if _same_address(address, name) if address else _same_name(host, name):
            return True
    return False


def _split_port(entry: str) -> tuple[str, str]:
    """Host and port of ``host:port``, ``[v6]:port``, ``v6``; an empty port when there is none."""
    if entry.startswith("["):
        name, _, port = entry[1:].partition("]")
        return name, port.removeprefix(":")
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""


def _same_name(host: str, name: str) -> bool:
    name = name.strip(".")
    return name != "" and (host == name or host.endswith(f".{name}"))


def _same_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address, name: str) -> bool:
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
