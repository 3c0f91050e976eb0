"""Values with a form of their own: addresses, base URLs, path templates, log outputs, proxies.

Every parser raises ``ValueError`` with a text that says what would have been right. None repeats a value that
may hold a password.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PARAMETER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a listener binds: ``host`` and ``port`` (0: any free one), or the ``unix`` socket's path."""

    host: str = ""
    port: int = 0
    unix: str = ""

    def __str__(self) -> str:
        if self.unix:
            return f"unix:{self.unix}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return bool(self.unix) or is_loopback(self.host)

    def clashes(self, other: "Listen") -> bool:
        """Whether both cannot be bound at once: the same place, or one covers all addresses of the port."""
        if self.unix or other.unix:
            return self.unix == other.unix
        if self.port != other.port or self.port == 0:
            return False
        mine, theirs = _same_host(self.host), _same_host(other.host)
        return mine == theirs or "*" in {mine, theirs}


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A provider's address, taken apart.

    ``authority``: host and, unless it is the scheme's own, port, as the ``Host`` header has it (RFC 9110 7.2).
    ``path`` has no slash at its end.
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def parse_listen(value: Any) -> Listen:
    """``127.0.0.1:8080``, ``[::1]:8080``, ``localhost:0`` or ``unix:/run/sidecar.sock``."""
    if isinstance(value, Listen):
        return value
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/") or "\0" in path:
            raise ValueError("a unix listener needs an absolute path: unix:/run/sidecar.sock")
        if len(path.encode()) > 107:
            raise ValueError("the path of a unix socket may have 107 bytes at most (unix(7), sun_path)")
        return Listen(unix=path)
    if text.isdigit():
        raise ValueError(f"a listener needs host and port: 127.0.0.1:{text}?")
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not host or (":" in bare and bare == host):
        raise ValueError("not an address to listen on: write host:port, [::1]:port or unix:/path")
    if not (port.isascii() and port.isdigit() and int(port[:9]) <= 65535):
        raise ValueError(f"not a port: '{port}'; it must lie between 0 and 65535")
    if not _is_host(bare):
        raise ValueError(f"not a host: '{bare}'; write a name or an IP address")
    return Listen(host=bare.lower(), port=int(port))


def parse_base_url(value: Any) -> BaseUrl:
    """``https://api.example.com`` or ``http://10.0.0.7:8000/v2``."""
    if isinstance(value, BaseUrl):
        return value
    text = value.strip() if isinstance(value, str) else ""
    parts, port = _split(text)
    if parts.scheme not in _PORTS:
        raise ValueError("a base URL starts with http:// or https://")
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise ValueError("a base URL may not hold a user name or password; set the Authorization header instead")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("a base URL ends with its path: no '?' and no '#'")
    if not _is_host(host):
        raise ValueError("a base URL needs a host: https://api.example.com")
    if re.search(r"[^!-~]|[\"<>\\^`{|}]", parts.path):
        raise ValueError("the path of a base URL may hold only characters of RFC 3986; percent-encode the others")
    shown = f"[{host}]" if ":" in host else host
    port = _PORTS[parts.scheme] if port is None else port
    authority = shown if port == _PORTS[parts.scheme] else f"{shown}:{port}"
    return BaseUrl(parts.scheme, host, port, authority, parts.path.rstrip("/"))


def parse_proxy(value: Any) -> str:
    """``http://[user:pass@]host:port``, or ``off`` for none whatever the environment says."""
    text = value.strip() if isinstance(value, str) else ""
    if text in {"off", "none"}:
        return "off"
    parts, port = _split(text)
    if parts.scheme != "http" or port is None or not _is_host(parts.hostname or ""):
        raise ValueError("a proxy is written http://host:port, http://user:password@host:port, or off")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("a proxy has no path: http://host:port")
    return text.rstrip("/")


def parse_outputs(value: Any) -> tuple[str, ...]:
    """One log output or a list of them: ``stdout``, ``stderr``, the absolute path of a file (``file:/path``)."""
    outputs = tuple(_output(one) for one in (value if isinstance(value, list | tuple) else [value]))
    if not outputs:
        raise ValueError("the list of log outputs is empty; write stdout, stderr or file:/path/to/file")
    if len(set(outputs)) < len(outputs):
        raise ValueError("a log output is named twice")
    return outputs


def _output(value: Any) -> str:
    text = value.removeprefix("file:") if isinstance(value, str) else ""
    if text in {"stdout", "stderr"} and text == value:
        return text
    if not text.startswith("/") or text.endswith("/"):
        raise ValueError("not a log output: write stdout, stderr or file:/path/to/file")
    return text


def parse_hosts(value: Any) -> tuple[str, ...]:
    """One host name or a list of them, in lower case."""
    names = value if isinstance(value, list | tuple) else [value]
    for name in names:
        if not isinstance(name, str) or not _is_host(name):
            raise ValueError("not a host name: write it without scheme and port, like stripe.localhost")
    if not names:
        raise ValueError("the list of host names is empty")
    return tuple(name.rstrip(".").lower() for name in names)


def parse_methods(value: Any) -> tuple[str, ...]:
    """One method or a list of them; methods are case-sensitive (RFC 9110 9.1) and written in capitals here."""
    names = value if isinstance(value, list | tuple) else [value]
    for name in names:
        if not isinstance(name, str) or not _METHOD.fullmatch(name):
            raise ValueError("not a method: write it like GET or [GET, POST]")
        if name != name.upper():
            raise ValueError(f"methods are written in capitals: {name.upper()}")
        if name in {"CONNECT", "TRACE"}:
            raise ValueError(f"{name} is never forwarded, so no route can match it")
    if not names:
        raise ValueError("the list of methods is empty; leave it out to match every method")
    return tuple(names)


def parse_template(value: Any) -> str:
    """``/v1/charges/{id}``: ``{name}`` is one whole segment, ``**`` at the end is any rest."""
    text = value if isinstance(value, str) else ""
    if not text.startswith("/"):
        raise ValueError("a path starts with '/'")
    if "?" in text or "#" in text:
        raise ValueError("a path template holds no query: leave out '?' and what follows")
    segments = text[1:].split("/")
    for index, segment in enumerate(segments):
        if segment == "**":
            if index != len(segments) - 1:
                raise ValueError("'**' may stand only at the end of a path")
        elif "*" in segment:
            raise ValueError(f"'{segment}' is not a segment: write {{name}} for one segment, '**' for any rest")
        elif ("{" in segment or "}" in segment) and not _PARAMETER.fullmatch(segment):
            raise ValueError(f"'{segment}' is not a segment: {{name}} must be the whole of it")
        elif re.search(r"[^!-~]", segment):
            raise ValueError(f"'{segment}' holds characters that no path has; percent-encode them")
    return text


def _split(text: str) -> tuple[SplitResult, int | None]:
    try:
        if re.search(r"[^!-~]", text):
            raise ValueError
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("not a URL: write it like https://api.example.com") from None
    return parts, port


def _is_host(text: str) -> bool:
    if ":" in text or re.fullmatch(r"[0-9.]+", text):
        try:
            ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        return True
    return len(text) <= 253 and bool(_HOST.fullmatch(text))


def _same_host(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "*"
    return "127.0.0.1" if host == "localhost" else host


def _text(title: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": title, "examples": list(examples)})


_WORD_OR_LIST = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}

Address = Annotated[
    Listen,
    PlainValidator(parse_listen),
    PlainSerializer(str),
    _text("host:port, [::1]:port or unix:/path", "127.0.0.1:8080"),
]
Url = Annotated[
    BaseUrl,
    PlainValidator(parse_base_url),
    PlainSerializer(str),
    _text("an http or https URL", "https://api.example.com"),
]
Proxy = Annotated[str, BeforeValidator(parse_proxy), _text("http://host:port or off", "http://proxy.corp:3128")]
Outputs = Annotated[tuple[str, ...], BeforeValidator(parse_outputs), WithJsonSchema(_WORD_OR_LIST)]
Hosts = Annotated[tuple[str, ...], BeforeValidator(parse_hosts), WithJsonSchema(_WORD_OR_LIST)]
Methods = Annotated[tuple[str, ...], BeforeValidator(parse_methods), WithJsonSchema(_WORD_OR_LIST)]
Template = Annotated[str, BeforeValidator(parse_template), _text("a path template", "/v1/charges/{id}")]
