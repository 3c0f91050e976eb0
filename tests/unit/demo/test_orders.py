import pytest

from sidecar.demo import orders


def test_an_order_is_the_same_at_every_call_and_adds_up() -> None:
    order = orders.order(17)
    assert order == orders.order(17)
    assert order["total"] == sum(item["quantity"] * item["unit_price"] for item in order["items"]) > 0


def test_the_pages_hold_every_order_once() -> None:
    pages = [orders.page(number) for number in range(1, orders.page(1)["pages"] + 1)]
    assert [order["id"] for page in pages for order in page["orders"]] == [str(n + 1) for n in range(orders.COUNT)]
    assert orders.page(99)["orders"] == []


@pytest.mark.parametrize(
    ("number", "rels"),
    [(1, ["next", "first", "last"]), (3, ["prev", "next", "first", "last"]), (5, ["prev", "first", "last"])],
)
def test_links_lead_to_pages_that_exist(number: int, rels: list[str]) -> None:
    link = orders.links(number, "http://shop")
    assert [part.split('"')[1] for part in link.split(", ")] == rels
    assert f'<http://shop/orders?page={number + 1}>; rel="next"' in link or "next" not in rels
