"""A day of a shop in some hundred calls of the ``stripe`` library: it pays, creates, changes, reads, lists and deletes.

The library's own retries are off, and the idempotency key that it makes is left out, as the libraries of most providers
make none: what is not broken, and not done twice, is the merit of what stands between.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import stripe

KINDS = {"retrieve": 30, "list": 15, "create": 20, "update": 15, "pay": 15, "delete": 5}
"""Of a hundred calls, how many are of each kind."""
POSTS = frozenset({"create", "update", "pay"})
_CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}
_KEY = "sk_test_12345"


class _Keyless(stripe.RequestsClient):
    """Sends no idempotency key of the library's own."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        kept = {name: value for name, value in (headers or {}).items() if name != "Idempotency-Key"}
        return super().request(method, url, kept, post_data)


def client(url: str) -> Any:
    """The library, with nothing that would help it over a fault. Untyped: its types know nothing of test cards."""
    return stripe.StripeClient(_KEY, base_addresses={"api": url}, http_client=_Keyless(), max_network_retries=0)


class Shop:
    """Makes the calls. ``calls``: how many of each kind; ``failed``: the kind and the error of each that failed.

    ``done``: intentions of the POSTs that went well, as far as the app knows; each names itself in its metadata.
    """

    def __init__(self, url: str, emulator: str, seed: int) -> None:
        """``url``: what the calls go through. ``emulator``: what the first objects are made at, past all faults."""
        self.calls: Counter[str] = Counter()
        self.failed: list[tuple[str, str]] = []
        self.done: list[str] = []
        self._chance = random.Random(seed)
        self._line = client(url)
        bare = client(emulator)
        self._buyer = bare.v1.customers.create({"email": "buyer@example.com"}).id
        method = bare.v1.payment_methods.create({"type": "card", "card": _CARD})
        bare.v1.payment_methods.attach(method.id, {"customer": self._buyer})
        self._method = method.id
        self._customers = [bare.v1.customers.create({"email": "first@example.com"}).id for _ in range(5)]
        _close(bare)

    @property
    def total(self) -> int:
        """All calls."""
        return self.calls.total()

    def failures(self, kinds: frozenset[str] = frozenset(KINDS)) -> int:
        """How many calls of these kinds failed."""
        return sum(kind in kinds for kind, _ in self.failed)

    def run(self, calls: int) -> "Shop":
        """Make so many calls, one after the other: so each meets the same fault in every run."""
        kinds = self._chance.choices(list(KINDS), list(KINDS.values()), k=calls)
        for number, kind in enumerate(kinds):
            self.calls[kind] += 1
            do: Callable[[dict[str, str]], bool] = getattr(self, f"_{kind}")
            intention = f"{kind}-{number}"
            try:
                if not do({"intention": intention}):
                    self.failed.append((kind, "wrong answer"))
                elif kind in POSTS:
                    self.done.append(intention)
            except stripe.StripeError as error:
                self.failed.append((kind, f"{type(error).__name__} {error.http_status or ''}".strip()))
        _close(self._line)
        return self

    # ---- the calls; each tells whether the answer is right ----

    def _some(self) -> str:
        return self._chance.choice(self._customers)

    def _retrieve(self, mark: dict[str, str]) -> bool:
        wanted = self._some()
        return bool(self._line.v1.customers.retrieve(wanted).id == wanted)

    def _list(self, mark: dict[str, str]) -> bool:
        return len(self._line.v1.customers.list({"limit": 3}).data) == 3

    def _create(self, mark: dict[str, str]) -> bool:
        made = self._line.v1.customers.create({"email": "c@example.com", "metadata": mark})
        self._customers.append(made.id)
        return bool(made.to_dict()["metadata"] == mark)

    def _update(self, mark: dict[str, str]) -> bool:
        changed = self._line.v1.customers.update(self._some(), {"name": "Jenny", "metadata": mark})
        return bool(changed.to_dict()["metadata"] == mark)

    def _pay(self, mark: dict[str, str]) -> bool:
        order = {"amount": 1099, "currency": "eur", "customer": self._buyer, "payment_method": self._method}
        paid = self._line.v1.payment_intents.create({**order, "confirm": True, "metadata": mark})
        return bool(paid.status == "succeeded")

    def _delete(self, mark: dict[str, str]) -> bool:
        gone = self._customers.pop(self._chance.randrange(len(self._customers)))
        return bool(self._line.v1.customers.delete(gone).deleted)


def _close(api: Any) -> None:
    api._requestor._client.close()
