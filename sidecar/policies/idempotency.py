"""Idempotency keys: the name of one intention, the same on every attempt, by which a provider tells a repetition.

With a key a POST may be sent again after bytes were sent (``retry.unsafe: with_key``): the provider answers the second
one with the result of the first (draft-ietf-httpapi-idempotency-key-header; docs.stripe.com/api/idempotent_requests).
"""

import hashlib
from collections.abc import Awaitable
from typing import Annotated, Self

from pydantic import StringConstraints

from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.http.head import nominated
from sidecar.policies.policy import Policy
from sidecar.policies.settings import FieldName, Switchable
from sidecar.policies.site import Site

Method = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Z-]+$")]
"""In capitals: methods are case-sensitive (RFC 9110 9.1), and ``post`` would match none."""


class Idempotency(Switchable):
    """The provider's idempotency key: the app's own is kept, else one is made.

    Only for providers that honour such a key; presets know. Where this is not written, an ``Idempotency-Key`` of the
    app counts, and none is made. ``off``: the provider has no such thing, and the app's header means nothing.
    """

    header: FieldName = "Idempotency-Key"
    """Where the provider looks for it."""
    methods: tuple[Method, ...] = ("POST",)
    """Methods that get a key of ours; the others are idempotent by themselves (RFC 9110 9.2.2), or rare (PATCH)."""
    generate: bool = True
    """Make a key (a UUID) for a call that has none, once per call of the app: a call that the app makes again by itself
    is a new intention, unless the app sends its own key."""

    @classmethod
    def unset(cls) -> Self:
        """Nobody wrote the key: an app's own key is seen, none is made."""
        return cls(generate=False)


class _IdempotencyLayer:
    __slots__ = ("_edit", "_line", "_methods", "_name", "_new_id", "_next")

    def __init__(self, inner: Handler, settings: Idempotency, site: Site) -> None:
        self._next = inner
        self._edit = site.edit
        self._name = settings.header.lower().encode()
        self._line = settings.header.encode() + b": %b\r\n"
        making = settings.generate and settings.mode == "enforce"
        self._methods = frozenset(method.encode() for method in settings.methods) if making else frozenset()
        self._new_id = site.env.new_id

    def handle(self, exchange: Exchange) -> Awaitable[Response]:
        index = exchange.headers.index
        key = index.get(self._name)
        if key and self._name in nominated(index.get(b"connection"), self._edit.drop):
            key = None  # the provider will not see it: a key that protects nothing must not unlock retries
        if not key and exchange.method in self._methods:
            if key is not None:
                exchange.headers.remove(self._name)  # it is there, but empty: the provider gets ours alone
            key = uuid_of(self._new_id(32)).encode()
            exchange.lines += self._line % key
        if key:
            exchange.key = key
            # A hash, so that calls can be found by a key that is known, and no key be read from a log.
            exchange.note("idempotency_key_hash", hashlib.sha256(key).hexdigest()[:16])
        return self._next(exchange)


def uuid_of(digits: str) -> str:
    """A random UUID of 32 random hex digits (RFC 9562 5.4: version 4, variant 10)."""
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def build(inner: Handler, site: Site) -> Handler:
    """Name the intention of every call of this route that may be repeated."""
    settings = site.of("idempotency", Idempotency)
    return inner if settings.mode == "off" else _IdempotencyLayer(inner, settings, site).handle


POLICY = Policy("idempotency", build, "idempotency", Idempotency)
