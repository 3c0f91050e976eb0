"""The ``stripe`` library's traffic while every tenth request is broken on the way: few calls fail, none is doubled.

The faults are made behind the sidecar, by ``faulty_hop``, which also counts what localstripe carried out.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.sdk.emulators.launch import emulator
from tests.sdk.faulty_hop import Fault, FaultyHop
from tests.sdk.traffic import KINDS, POSTS, Shop, client
from tests.support.sidecar_process import SidecarProcess

CALLS = 520
SEED = 1
QUICK = {"backoff": {"base": "20ms", "cap": "20ms"}}
"""Waits that make the test quicker, and nothing easier: the faults come by count, not by time."""


class Run(NamedTuple):
    """What the app saw, what happened behind the sidecar, and the sends that the access log tells of."""

    shop: Shop
    hop: FaultyHop
    sends: int


@pytest.fixture
def localstripe() -> Iterator[str]:
    """An emulator with empty books."""
    with emulator("stripe") as url:
        yield url


def traffic(localstripe: str, **settings: Any) -> Run:
    """All the calls, through a sidecar with the preset and these settings."""
    with FaultyHop(localstripe, SEED) as hop:
        # The preset's rate is the live one, 100/s; the breaker is on, and must not mind one failure in ten.
        provider = {"preset": "stripe", "base_url": hop.url, "rate": "off", "breaker": {}} | settings
        with SidecarProcess({"providers": {"stripe": provider}}) as sidecar:
            shop = Shop(f"{sidecar.url}/stripe", localstripe, SEED).run(CALLS)
            lines = sidecar.requests(CALLS)
    assert len(lines) == CALLS
    # The measure measures: every kind of call was made, and every kind of fault has happened, one in ten in all.
    assert set(shop.calls) == set(KINDS)
    assert min(hop.faults[fault] for fault in Fault) > 10
    assert hop.faults.total() >= 50
    return Run(shop, hop, sum(len(line["attempts"]) for line in lines))


def test_one_call_in_a_hundred_fails_at_most_and_keyed_posts_are_carried_out_once(localstripe: str) -> None:
    shop, hop, sends = traffic(localstripe, retry=QUICK)
    assert len(shop.failed) <= CALLS // 100, shop.failed
    assert hop.twice == []
    assert hop.keyless == set()  # the app sent none: these are the sidecar's
    assert {intention: hop.executed[intention] for intention in shop.done if hop.executed[intention] != 1} == {}
    assert sends >= hop.requests > CALLS  # it was sent again, and every send is told
    # What the emulator itself has in its books.
    paid = [intention for intention in shop.done if intention.startswith("pay-")]
    assert len(paid) > 50
    books = payments(localstripe)
    assert {intention: times for intention, times in books.items() if times != 1} == {}
    assert books.keys() >= set(paid)


def test_without_keys_a_post_is_never_carried_out_twice_but_may_fail(localstripe: str) -> None:
    shop, hop, _ = traffic(localstripe, idempotency="off", retry=QUICK | {"unsafe": "never"})
    posts = sum(shop.calls[kind] for kind in POSTS)
    assert hop.twice == []
    assert len(hop.keyless) > posts * 0.9  # all but those that never arrived
    assert {intention: hop.executed[intention] for intention in shop.done if hop.executed[intention] != 1} == {}
    # Nothing made them harmless, so the app is told: about one in ten. The others get over it as before.
    assert posts * 0.05 < shop.failures(POSTS) < posts * 0.15
    assert shop.failures(frozenset(KINDS) - POSTS) <= CALLS // 100, shop.failed


def payments(localstripe: str) -> Counter[str]:
    """Intention -> how many payments the emulator has of it."""
    found = client(localstripe).v1.payment_intents.list({"limit": 100}).auto_paging_iter()
    return Counter(one.to_dict()["metadata"]["intention"] for one in found)
