"""Set or remove request headers on the way to the provider.

Nothing is left to do per request: what is taken out and put in is fixed when the configuration loads.
"""

import re

from pydantic import Field, field_validator

from sidecar.core.layer import Handler
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Settings
from sidecar.policies.site import Site

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_FRAMING = frozenset({"connection", "content-length", "host", "transfer-encoding", "upgrade", "te", "keep-alive"})


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        msg = f"not a header name: {name!r}"
        raise ValueError(msg)
    if name.lower() in _FRAMING:
        msg = f"{name} belongs to the connection and cannot be changed here; for Host see host_header"
        raise ValueError(msg)
    return name


class HeaderRules(Settings):
    """Request headers that the sidecar sets or takes out before a call goes to the provider."""

    set: dict[str, str] = Field(default_factory=dict)
    """Header -> value; replaces what the app sent. Secrets belong into files: ``${file:/run/secrets/key}``."""
    remove: tuple[str, ...] = ()
    """Headers of the app that the provider does not get."""

    @field_validator("set")
    @classmethod
    def _check_set(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            _checked(name)
            if not _VALUE.fullmatch(text) or not text.isascii():
                msg = f"the value of {name} has a control or non-ASCII character"
                raise ValueError(msg)
        # Names differ by more than case: a route's ``authorization`` replaces its provider's ``Authorization``.
        latest = {name.lower(): name for name in value}
        return {name: value[name] for name in latest.values()}

    @field_validator("remove")
    @classmethod
    def _check_remove(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked(name) for name in value)


def build(inner: Handler, site: Site) -> Handler:
    """Take out and put in what this route asks for."""
    settings = site.of("headers", HeaderRules)
    gone = {name.lower().encode() for name in (*settings.set, *settings.remove)}
    site.edit.drop |= gone
    for name, value in settings.set.items():
        site.edit.lines += f"{name}: {value.strip()}\r\n".encode("ascii")
    return inner


POLICY = Policy("headers", build, "headers", HeaderRules)
