"""The orders of the demo provider: made up, but the same at every call."""

from typing import Any

COUNT = 48
"""Orders in the list. Any id up to ``LAST_ID`` can be asked for."""
PAGE = 10
LAST_ID = 999_999

_PEOPLE = ("Ada Lovelace", "Alan Turing", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov", "Donald Knuth")
_GOODS = (("Espresso cups", 2450), ("Moka pot", 3900), ("Grinder", 12900), ("Filter papers", 590), ("Scale", 4200))
_STATES = ("paid", "packed", "shipped", "delivered")


def order(number: int) -> dict[str, Any]:
    """One order. Prices are in cents."""
    items: list[dict[str, Any]] = []
    for line in range(1 + number % 3):
        name, price = _GOODS[(number + 2 * line) % len(_GOODS)]
        items.append({"name": name, "quantity": 1 + (number + line) % 4, "unit_price": price})
    return {
        "id": str(number),
        "status": _STATES[number % len(_STATES)],
        "customer": _PEOPLE[number % len(_PEOPLE)],
        "items": items,
        "total": sum(item["quantity"] * item["unit_price"] for item in items),
        "currency": "EUR",
        "created_at": f"2025-{1 + number % 12:02d}-{1 + number % 28:02d}T09:{number % 60:02d}:00Z",
    }


def page(number: int) -> dict[str, Any]:
    """One page of the list, from 1; behind the last page it is empty."""
    first = (number - 1) * PAGE + 1
    numbers = range(first, min(first + PAGE, COUNT + 1))
    return {"page": number, "pages": -(-COUNT // PAGE), "total": COUNT, "orders": [order(n) for n in numbers]}


def links(number: int, root: str) -> str:
    """The ``Link`` field of a page (RFC 8288), with absolute addresses as GitHub's API has them."""
    last = -(-COUNT // PAGE)
    targets = {"prev": number - 1, "next": number + 1, "first": 1, "last": last}
    found = [f'<{root}/orders?page={n}>; rel="{rel}"' for rel, n in targets.items() if 1 <= n <= last]
    return ", ".join(found)
