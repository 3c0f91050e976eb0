"""Addresses of machines that lead to a person: public IP addresses, and hardware addresses.

Private, loopback, link-local and multicast addresses tell nothing of a person and stay; the ranges for documentation
(RFC 5737, RFC 3849) count as public, as people test with them. A network is no person: prefixes stay.
"""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Network, IPv6Address

from sidecar.redaction.context import listed, outside_markers, words
from sidecar.redaction.family import Family, Span

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(
    rf"[0-9](?<![\w.].)(?<![\w)][\-+].)(?:(?<=(?={_OCTET}\.).)[0-9]{{0,2}})\.{_OCTET}\.{_OCTET}\.{_OCTET}"
    r"(?![0-9A-Za-z_]|\.[0-9A-Za-z]|[\-+][A-Za-z])(?:/(?P<prefix>[0-9]{1,2})(?![0-9.]))?"
)
"""Strictly dotted decimal (RFC 6943 3.1.1): no leading zeros, no part of a longer number, of a name or of a version."""

_LOCAL_NETWORKS = {
    0: ("0.0.0.0/8",), 10: ("10.0.0.0/8",), 100: ("100.64.0.0/10",), 127: ("127.0.0.0/8",), 169: ("169.254.0.0/16",),
    172: ("172.16.0.0/12",), 192: ("192.0.0.0/24", "192.168.0.0/16"), 198: ("198.18.0.0/15",),
}  # fmt: skip
"""First octet -> networks of no person: private, shared (RFC 6598), loopback, link-local, protocols, benchmarks.

Source: IANA, IPv4 Special-Purpose Address Registry. From 224.0.0.0 on, everything is multicast or reserved.
"""


def _ranges() -> dict[int, list[range]]:
    table: dict[int, list[range]] = {}
    for first, shown in _LOCAL_NETWORKS.items():
        networks = [IPv4Network(network) for network in shown]
        table[first] = [range(int(network[0]), int(network[-1]) + 1) for network in networks]
    return table


_LOCAL = _ranges()

_IPV6 = re.compile(
    r"[0-9A-Fa-f](?<![\w:.].)(?:(?<=[23])[0-9A-Fa-f]{3}:(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{1,35}(?:\.[0-9]{1,3}){0,3}"
    r"|[0-9A-Fa-f]{0,3}(?::[0-9A-Fa-f]{1,4}){7}(?![:\w]))(?:/(?P<prefix>[0-9]{1,3}))?"
)
"""Global unicast, 2000::/3, which is all that is given out (RFC 4291 2.4, IANA IPv6 Global Unicast Assignments).

Of other numbers the full form alone, with eight groups: people make up addresses, and ``::`` stands in source code.
"""

_LOCAL_IPV6 = frozenset({0x00, 0xFC, 0xFD, 0xFE, 0xFF})
"""First octets of loopback, unique local (RFC 4193), link-local and multicast addresses."""

_VERSION_NAMES = listed("""
    version versions ver release releases tag tags build revision rev firmware sdk agent ua useragent browser os oid
    kernel driver section chapter package packages dependency dependencies requires assembly engine semver upgrade
    """)
_VERSION_WORDS = listed("""
    v ver version versions release rel build firmware driver kernel sdk revision rev oid section sections sec chapter
    clause appendix article paragraph table figure rule step patch upgrade upgraded update updated requires
    """)
_BACKWARDS = re.compile(r"[ ]?(?:[~^§]|=[=<>!~]|>~)|[ .:#\"'=]{0,4}(?P<word>[A-Za-z]{1,12})(?![A-Za-z0-9])")
"""What stands before a version, read backwards: a word, or the sign of a requirement (PEP 440, npm, RubyGems)."""
_BEFORE_CHARS = 80
_PRODUCT_CHARS = 40
_PRODUCTS = listed("""
    clang llvm gcc msvc icc webkit gecko blink electron npm yarn deno bun python ruby perl php golang rust rustc
    kotlin scala swift java jdk jre openjdk graalvm dotnet rails django flask spring hibernate jackson netty openssl
    openssh libcurl opencv cuda cudnn tensorflow pytorch helm terraform ansible vagrant maven gradle bazel cmake xcode
    eclipse intellij office excel acrobat photoshop flash silverlight directx vulkan bios uefi unity unreal wordpress
    drupal joomla magento
    """)
"""Names of software that nobody connects to; a number behind one is its version: ``Clang 15.0.0.1``."""
_MOVED = re.compile(
    r"(?i)\b(?:upgrad|downgrad|updat|bump)\w*(?: [\w@/.\-]+){0,4}? (?:from )?(?:versions? |v)?"
    r"(?:[0-9][\w.\-]*+ )?(?:to )?\Z"
)
"""``Bump x from 4.18.2.1 to 4.18.3.0``."""
_TO_VERSION = re.compile(r",? (?:to|->|=>|\u2192) (?:version |release |v)?[0-9]+\.[0-9]")
_PRODUCT_BEFORE = re.compile(r"(?:\A|[^/\w.:\-]|[@ ]@)[A-Za-z][\w.\-]{0,30}/\Z")
"""``Chrome/126.0.0.0`` is a product and its version (RFC 9110 10.1.5); ``/lookup/203.0.113.9`` is a path."""

_MAC = re.compile(
    r"[0-9A-Fa-f](?<![\w:.\-].)(?:[0-9A-Fa-f](?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})"
    r"|[0-9A-Fa-f]{3}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w:.\-][0-9A-Fa-f]|\w)"
)
"""EUI-48 in the three usual forms (IEEE 802-2014 8.1; Cisco's with points). Longer rows are fingerprints."""


def _find(text: str, key: str) -> Iterator[Span]:
    past = 0
    for start, end in sorted([*_ipv6(text), *_ipv4(text, key)]):
        if start >= past:  # an IPv6 address may end in the form of an IPv4 address
            past = end
            yield (start, end, "ip")


def _ipv4(text: str, key: str) -> Iterator[tuple[int, int]]:
    if "." in text and words(key).isdisjoint(_VERSION_NAMES):
        for match in _IPV4.finditer(text):
            if _is_public(match) and not _is_version(text, *match.span()):
                yield match.start(), match.start("prefix") - 1 if match["prefix"] else match.end()


def _ipv6(text: str) -> Iterator[tuple[int, int]]:
    if "::" in text or text.count(":") > 6:
        for match in _IPV6.finditer(text):
            end = _ipv6_end(match)
            if end:
                yield match.start(), end


def _is_public(match: re.Match[str]) -> bool:
    """Whether an address is in no private network, and is no network itself."""
    first, second, third, fourth = match[0].partition("/")[0].split(".")
    if int(first) >= 224:
        return False
    address = int(first) << 24 | int(second) << 16 | int(third) << 8 | int(fourth)
    if any(address in network for network in _LOCAL.get(int(first), ())):
        return False
    if match["prefix"] is None or not 0 < int(match["prefix"]) < 32:
        return True
    return address & ((1 << (32 - int(match["prefix"]))) - 1) != 0


def _is_version(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _BEFORE_CHARS) : start]
    if before[-1:] == "/":
        return _PRODUCT_BEFORE.search(before[-_PRODUCT_CHARS:]) is not None
    match = _BACKWARDS.match(before[::-1])
    if match is None:
        return False
    word = match["word"]
    if word is None:
        return True
    word = word[::-1].lower()
    if word in _VERSION_WORDS or word in _PRODUCTS:
        return True
    if word == "to":
        return _MOVED.search(before) is not None
    return word == "from" and _TO_VERSION.match(text, end) is not None and _MOVED.search(before) is not None


def _ipv6_end(match: re.Match[str]) -> int:
    """Where an address ends, if it is one, and not a network."""
    shown = match[0].split("/", 1)[0]
    if shown.endswith(":") and not shown.endswith("::"):
        shown = shown[:-1]
    following = match.string[match.start() + len(shown) : match.start() + len(shown) + 1]
    if following.isalnum() or following == "_":
        return 0
    try:
        address = int(IPv6Address(shown))
    except AddressValueError:
        return 0
    if address >> 120 in _LOCAL_IPV6 or all(len(group) == 2 for group in shown.split(":")):
        return 0  # groups of two are an EUI-64, the number of a device
    prefix = int(match["prefix"] or 128)
    if prefix < 128 and address & ((1 << (128 - prefix)) - 1) == 0:
        return 0
    return match.start() + len(shown)


def _find_mac(text: str, key: str) -> Iterator[Span]:  # noqa: ARG001 - the shape tells
    for match in _MAC.finditer(text):
        if len(set(match[0].lower())) > 2:
            yield (*match.span(), "device_id")


IP_FAMILY = Family(
    "ip",
    r"\b[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
    r"|\b[23][0-9A-Fa-f]{3}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]|\b(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]",
    outside_markers(_find),
)
"""``find`` tells public addresses as ``ip``, without port, brackets or prefix."""

DEVICE_FAMILY = Family(
    "hardware address",
    r"\b[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})|\b[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
    outside_markers(_find_mac),
)
"""``find`` tells MAC addresses as ``device_id``, unless they are all zeros or all ones."""
