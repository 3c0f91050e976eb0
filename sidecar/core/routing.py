"""From a request to its provider and its route: look-ups in tables that are built when the config loads.

Paths are compared as the bytes the app sent. Nothing is decoded or normalised, ``%2F``, ``//`` and ``..`` included,
since the provider gets the same bytes; so ``/a%62`` and ``/ab`` are two paths here, and a trailing slash counts.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

DEFAULT = -1
"""Index of the provider's default route, where no listed one matches."""


class PathTemplate:
    """A path pattern of the configuration, compiled once.

    ``/v1/charges`` matches itself; ``{id}`` stands for one segment that is not empty; ``**``, as the last segment,
    for any rest, the empty one included: ``/v1/**`` matches ``/v1/`` and ``/v1/a/b``, not ``/v1``.

    Raises:
        ValueError: no leading slash, a ``**`` before the end, braces around a part of a segment, or a query.
    """

    __slots__ = ("_head", "_pattern", "literal", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        if not text.startswith("/"):
            raise ValueError(f"a path begins with a slash: write /{text}")
        if "?" in text or "#" in text:
            raise ValueError("a path template matches the path only: leave out what follows ? or #")
        *front, last = text[1:].split("/")
        segments = [_segment(segment, text) for segment in front]
        rest = last == "**"
        if not rest:
            segments.append(_segment(last, text))
        plain = all(segment is not None for segment in segments)
        self.literal: bytes | None = text.encode() if plain and not rest else None
        self._head: bytes | None = text[:-2].encode() if plain and rest else None
        body = "".join("/" + ("[^/]+" if segment is None else re.escape(segment)) for segment in segments)
        self._pattern = re.compile((body + ("/.*" if rest else "")).encode(), re.DOTALL)

    def matches(self, path: bytes) -> bool:
        """Whether the path, without its query, fits."""
        if self.literal is not None:
            return path == self.literal
        if self._head is not None:
            return path.startswith(self._head)
        return self._pattern.fullmatch(path) is not None

    def __repr__(self) -> str:
        return f"<PathTemplate {self.text}>"


def _segment(segment: str, text: str) -> str | None:
    """The literal text of one segment, None for ``{name}``."""
    if segment == "**":
        raise ValueError(f"** stands only at the end of a path: {text}")
    if segment == "*":
        raise ValueError(f"write {{name}} for one segment or ** for any rest, not *: {text}")
    if re.fullmatch(r"\{[^{}]+\}", segment):
        return None
    if "{" in segment or "}" in segment:
        raise ValueError(f"{{name}} stands for one whole segment: {text}")
    return segment


class RouteMatch(NamedTuple):
    """What a route asks for; None asks for nothing."""

    methods: frozenset[bytes] | None = None
    template: PathTemplate | None = None


class RouteTable:
    """The routes of one provider, in their order; the first that matches wins. ``routed``: there are any."""

    __slots__ = ("_literals", "_patterns", "routed")

    def __init__(self, routes: Iterable[RouteMatch] = ()) -> None:
        self._literals: dict[bytes, list[tuple[int, frozenset[bytes] | None]]] = {}
        self._patterns: list[tuple[int, frozenset[bytes] | None, PathTemplate | None]] = []
        for index, (methods, template) in enumerate(routes):
            if template is not None and template.literal is not None:
                self._literals.setdefault(template.literal, []).append((index, methods))
            else:
                self._patterns.append((index, methods, template))
        self.routed = bool(self._literals or self._patterns)

    def find(self, method: bytes, path: bytes) -> int:
        """Index of the route for a request, or ``DEFAULT``. A query behind the path is not looked at."""
        if not self.routed:
            return DEFAULT
        path = path.partition(b"?")[0]
        best = DEFAULT
        for index, methods in self._literals.get(path, ()):
            if methods is None or method in methods:
                best = index
                break
        for index, methods, template in self._patterns:
            if 0 <= best < index:
                break
            if (methods is None or method in methods) and (template is None or template.matches(path)):
                return index
        return best


def split(target: bytes) -> tuple[bytes, bytes]:
    """Prefix and rest of an origin-form target: ``/payments/v1/x?y`` is ``payments`` and ``/v1/x?y``.

    The rest begins with a slash; ``/payments?x`` leaves ``/?x``. Every other byte is passed as it came. A target
    that begins with no slash (``*``) has no prefix.
    """
    if target[:1] != b"/":
        return b"", target
    slash = target.find(b"/", 1)
    if slash > 0:
        query = target.find(b"?", 1, slash)
        if query < 0:
            return target[1:slash], target[slash:]
    else:
        query = target.find(b"?", 1)
        if query < 0:
            return target[1:], b"/"
    return target[1:query], b"/" + target[query:]


class Prefixes(Generic[T]):
    """Finds what stands for a provider by the first path segment or by the Host of a request."""

    __slots__ = ("_hosts", "_names", "_slashed")

    def __init__(self, names: Mapping[str, T], hosts: Mapping[str, T] | None = None) -> None:
        self._names = {name.encode(): found for name, found in names.items()}
        self._slashed = {b"/" + name: found for name, found in self._names.items()}
        self._hosts = {normal_host(host.encode()): found for host, found in (hosts or {}).items()}

    def by_path(self, target: bytes) -> tuple[T | None, bytes]:
        """The provider of a target and the path and query for it; the whole target when there is none."""
        # A configured name holds no "?", so what is found up to the second slash needs no closer look.
        slash = target.find(b"/", 1)
        found = self._slashed.get(target[:slash])
        if found is not None and slash > 0:
            return found, target[slash:]
        name, rest = split(target)
        found = self._names.get(name)
        return (None, target) if found is None else (found, rest)

    def by_host(self, host: bytes) -> T | None:
        """The provider of a Host value: case, port and a trailing dot do not count (RFC 9110 4.2.3, RFC 3986 3.2.2)."""
        hosts = self._hosts
        if not hosts:
            return None
        found = hosts.get(host)
        return hosts.get(normal_host(host)) if found is None else found


def normal_host(host: bytes) -> bytes:
    """A Host value in lower case, without port and trailing dot; IPv6 keeps its brackets."""
    host = host.lower()
    if host[:1] == b"[":
        return host[: host.find(b"]") + 1] or host
    return host.partition(b":")[0].removesuffix(b".")
