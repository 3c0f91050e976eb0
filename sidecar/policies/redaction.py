"""Redaction: what must not be in a log, and what takes its place. The rules of ``redaction/``, as the file says them.

No layer of its own: ``record``, ``rescue`` and all others that write anything do it through ``site.redactor``.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sidecar.core.layer import Handler
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Settings
from sidecar.policies.site import Site
from sidecar.redaction.detectors import compiled
from sidecar.redaction.kinds import CLASS_OF, Class
from sidecar.redaction.pointers import parsed
from sidecar.redaction.rules import Action, Rules

_SHORTEST_KEY = 16
"""Characters of a hash key: below 128 bits somebody may try them all (NIST SP 800-57 1, 5.6.1)."""


def _pattern(text: str) -> str:
    try:
        compiled(text)
    except ValueError as error:
        raise ValueError(f"{error} (RE2 syntax: linear time, so no back-references and no look-around)") from None
    return text


def _pointer(text: str) -> str:
    parsed(text)
    return text


def _kind(text: str) -> str:
    if text not in CLASS_OF:
        near = get_close_matches(text, CLASS_OF, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(CLASS_OF))}"
        raise ValueError(f"no kind '{text}' - {hint}")
    return text


Act = Literal["mask", "partial", "hash", "drop", "keep"]
Kind = Annotated[str, AfterValidator(_kind)]
OwnKind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Pointer = Annotated[str, AfterValidator(_pointer)]
Pattern = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_pattern)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Hash(Settings):
    """The key of ``hash``: the same value gives the same hash, for whoever has no key a number without meaning."""

    key: str = Field(min_length=_SHORTEST_KEY, repr=False)
    """At least 16 characters, best from a file: ``${file:/run/secrets/redaction}``; the same on every replica."""
    id: str = Field("k1", pattern=r"^[A-Za-z0-9]{1,12}$")
    """Stands before each hash, so that one can tell after a change which key made it."""


class Redaction(Settings):
    """What is taken out of logs, problem details, support packets and every other output.

    Always on: secrets and personal data are masked where nothing is written here. Only the log changes; what app and
    provider send to each other never does.
    """

    mode: Literal["deny", "allow"] = "deny"
    """``deny``: what is found is taken out. ``allow``: only names and pointers with ``keep`` stay, of all else type and
    length are shown. No search finds everything: only ``allow`` gives a guarantee."""
    secrets: Literal["mask", "hash", "drop"] = "mask"
    """Passwords, keys, tokens, cookies, whole card numbers. They cannot be kept, as a log is read by many."""
    personal: Act = "mask"
    """E-mail, telephone, bank account, national ids, names and streets under known names, public IP addresses."""
    details: Act = "keep"
    """City, country, postal code, user and device ids, position: personal only together with other things."""
    kinds: Mapping[Kind, Act] = Field(default_factory=dict)
    """An action for one kind, as ``{email: hash, card_number: partial}``."""
    keys: Mapping[Name, Act] = Field(default_factory=dict)
    """An action for a name, wherever it stands (bodies, queries, headers): ``{internal_ref: mask, x_shop: keep}``.
    Case and separators do not count. What is kept is not searched either."""
    pointers: Mapping[Pointer, Act] = Field(default_factory=dict)
    """An action for a place in JSON bodies: ``{/customer/notes: mask, "/items/*/sku": keep}`` (RFC 6901, and ``*``)."""
    patterns: Mapping[OwnKind, Pattern] = Field(default_factory=dict)
    """Values of your own: ``{employee_id: "E-[0-9]{6}"}``, in RE2 syntax. Masked like personal data.
    ``^`` and ``$`` are begin and end of a line."""
    hash: Hash | None = None
    """The key for ``hash``."""

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        """Raise where a hash is asked for, and there is no key: a hash without one is guessed in no time."""
        asked = [self.secrets, self.personal, self.details, *self.kinds.values(), *self.keys.values(),
                 *self.pointers.values()]  # fmt: skip
        if "hash" in asked and self.hash is None:
            raise ValueError('"hash" needs a key: hash: {key: "${file:/run/secrets/redaction}"}')
        kept = sorted(kind for kind, act in self.kinds.items() if act == "keep" and CLASS_OF[kind] is Class.SECRET)
        if kept:
            raise ValueError(f"kinds.{kept[0]}: a secret cannot be kept; one name or place can, under keys or pointers")
        return self

    def rules(self) -> Rules:
        """The same for the engine."""
        return Rules(
            allow_list=self.mode == "allow",
            classes={
                Class.SECRET: Action(self.secrets),
                Class.PERSONAL: Action(self.personal),
                Class.DETAIL: Action(self.details),
            },
            kinds=_actions(self.kinds),
            keys=_actions(self.keys),
            pointers=_actions(self.pointers),
            patterns=dict(self.patterns),
            hash_key=self.hash.key.encode() if self.hash is not None else b"",
            hash_id=self.hash.id if self.hash is not None else "",
        )


def _actions(acts: Mapping[str, str]) -> dict[str, Action]:
    return {name: Action(act) for name, act in acts.items()}


def build(inner: Handler, site: Site) -> Handler:
    """Nothing to do per call: the assembly has made ``site.redactor`` of these settings."""
    del site
    return inner


POLICY = Policy("redaction", build, "redaction", Redaction)
