"""All families of value detectors, in one list, and the gates made of them."""

import re
from collections.abc import Iterator
from functools import lru_cache

import re2

from sidecar.redaction.addresses import DEVICE_FAMILY, IP_FAMILY
from sidecar.redaction.assignments import ASSIGNMENT_FAMILY
from sidecar.redaction.bank import ACCOUNT_FAMILY, IBAN_FAMILY
from sidecar.redaction.cards import CARD_FAMILY
from sidecar.redaction.contacts import EMAIL_FAMILY, PHONE_FAMILY
from sidecar.redaction.credentials import CREDENTIAL_FAMILIES
from sidecar.redaction.family import Family, Find, Span
from sidecar.redaction.gate import Gate
from sidecar.redaction.identities import IDENTITY_FAMILIES
from sidecar.redaction.layers import LAYERS
from sidecar.redaction.places import LOCATION_FAMILY, STREET_FAMILY
from sidecar.redaction.urls import URL_FAMILY
from sidecar.redaction.vendors import VENDOR_FAMILY

FAMILIES: tuple[Family, ...] = (
    *LAYERS,
    VENDOR_FAMILY,
    *CREDENTIAL_FAMILIES,
    ASSIGNMENT_FAMILY,
    URL_FAMILY,
    CARD_FAMILY,
    EMAIL_FAMILY,
    PHONE_FAMILY,
    IBAN_FAMILY,
    ACCOUNT_FAMILY,
    *IDENTITY_FAMILIES,
    IP_FAMILY,
    STREET_FAMILY,
)

DETAIL_FAMILIES: tuple[Family, ...] = (DEVICE_FAMILY, LOCATION_FAMILY)
"""Only searched for where details are redacted."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OF_LINES = {"A": "^", "z": "$"}
"""RE2's begin and end of a text -> those of a line."""


@lru_cache(maxsize=64)
def gate_for(patterns: tuple[tuple[str, str], ...] = (), *, details: bool = False) -> Gate:
    """The gate of all families and of the patterns (kind, RE2 pattern) of a configuration; routes share it.

    ``details``: with those of details.
    """
    families = [*FAMILIES, *(DETAIL_FAMILIES if details else ())]
    families += [Family(kind, _in_lines(pattern), _finder(kind, _in_lines(pattern))) for kind, pattern in patterns]
    return Gate(families)


def _in_lines(pattern: str) -> str:
    """A pattern whose begin and end of a text are those of a line: many texts are searched as lines of one."""
    return f"(?m:{_ESCAPE.sub(lambda match: _OF_LINES.get(match[1], match[0]), pattern)})"


def _finder(kind: str, pattern: str) -> Find:
    """A search for a pattern of the configuration. RE2 takes linear time, whatever the pattern."""
    options = re2.Options()
    options.log_errors = False
    search = re2.compile(pattern, options).finditer

    def find(text: str, name: str) -> Iterator[Span]:  # noqa: ARG001 - the signature of every family
        return ((match.start(), match.end(), kind) for match in search(text) if match.end() > match.start())

    return find


def compiled(pattern: str) -> None:
    """Check a pattern of the configuration.

    Raises:
        ValueError: RE2 refuses it (back-references and look-around take more than linear time), or it matches nothing
            at all, which is everywhere.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        found = re2.compile(pattern, options).search("")
    except re2.error as error:
        told = error.args[0]
        raise ValueError(told.decode() if isinstance(told, bytes) else str(told)) from None
    if found is not None:
        raise ValueError("it matches an empty text, and so everywhere")
