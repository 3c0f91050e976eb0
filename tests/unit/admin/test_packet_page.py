"""A packet as a text for the provider: what it says first, and that nothing in it can break out of its place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.admin.packet_page import page
from tests.unit.admin.packets import attempt, packet


def paragraphs(text: str) -> list[str]:
    return text.split("\n\n")


def test_the_first_paragraph_stands_for_itself() -> None:
    assert paragraphs(page([packet()]))[:2] == [
        "# Failed call `signup-1`",
        "On 2026-11-21 10:36:41.706 UTC we called `POST https://api.example.com/v1/orders` and got status 503.\n"
        "Your request id: `prov-1`.\n"
        "Ours: `signup-1`, trace `4bf92f3577b34da6a3ce929d0e0e4736`.",
    ]


@pytest.mark.parametrize(
    ("attempts", "said"),
    [
        ([attempt(), attempt(2)], "and got status 503 after 2 attempts.\nYour request ids: `prov-1`, `prov-2`.\n"),
        ([attempt(tracking_id=None)], "and got status 503.\nYour request id: none was given.\n"),
        ([attempt(status=None, error="reset", tracking_id=None)], "and got no complete answer (`reset`).\n"),
        (
            [attempt(), attempt(2, status=200, error="response_incomplete")],
            "and got no complete answer after 2 attempts (`response_incomplete`).\n",
        ),
    ],
)
def test_what_came_of_it_is_said_in_one_sentence(attempts: list[dict[str, object]], said: str) -> None:
    assert said in page([packet(*attempts)])


def test_a_call_that_was_never_sent_says_so() -> None:
    call = packet(error="breaker_open", response_headers={}) | {"attempts": []}
    text = page([call])
    assert "and got no further than our own proxy: `breaker_open`, nothing was sent.\n" in text
    assert "No attempt was made." in text


def test_the_timeline_has_a_row_for_each_attempt() -> None:
    text = page([packet(attempt(), attempt(2, status=None, error="reset", tracking_id=None, head_ms=None))])
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows == [
        "| # | sent at (UTC) | after ms | waited ms | head ms | took ms | result | your id | connection | address |",
        "| 1 | 10:36:41.706 | 0.25 | 0.0 | 118.0 | 120.5 | 503 | prov-1 | new | 192.0.2.1:443 |",
        "| 2 | 10:36:41.706 | 0.25 | 0.0 |  | 120.5 | reset |  | new | 192.0.2.1:443 |",
    ]


def test_facts_are_there_when_there_is_something_to_say() -> None:
    text = page([packet(retry_refused="budget", detail="no time left", fault=None)])
    assert "- no further retry because of: `budget`\n" in text
    assert "- detail: `no time left`\n" in text
    assert "injected fault" not in text
    assert "- timeouts: connect 1 s, total 8 s\n" in text
    assert "- retries: off\n" in text
    assert "- versions: sidecar 1.2.3, python 3.11.7, openssl OpenSSL 3.0.0\n" in text


@pytest.mark.parametrize(("attempts", "said"), [(3, "3 attempts at most"), (0, "until the time is up")])
def test_retries_that_are_on_say_how(attempts: int, said: str) -> None:
    call = packet(configured_headers=["Authorization"])
    call["settings"]["retry"] = {"attempts": attempts, "on": ["429", "503"]}
    text = page([call])
    assert f"- retries: {said}, on 429, 503\n" in text
    assert "- headers set by configuration: `Authorization`\n" in text


def test_heads_and_bodies_stand_in_blocks() -> None:
    text = page([packet(query="page=2", added_headers={"trackingid": "signup-1"})])
    assert "```http\nPOST /partner/v1/orders?page=2\ncontent-type: application/json\n```\n\n```\n{}\n```\n" in text
    assert "```http\ntrackingid: signup-1\n```" in text
    assert "```http\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n```" in text
    assert "```http\nHTTP/1.1 503\ncontent-type: text/plain\n```\n\n```\nbusy\n```\n" in text


def test_an_attempt_without_an_answer_says_so() -> None:
    one = attempt(status=None, error="reset")
    del one["response_headers"], one["response_body"]
    assert "## Attempt 1: reset\n" in page([packet(one)])
    assert "No answer.\n" in page([packet(one)])


def test_several_calls_follow_each_other() -> None:
    text = page([packet(request_id="a"), packet(request_id="b")])
    assert re.findall(r"^# .*$", text, re.MULTILINE) == ["# Failed call `a`", "# Failed call `b`"]


@pytest.mark.parametrize(
    ("body", "ticks"),
    [("plain", 3), ("`", 3), ("```\n# Not a heading\n```", 4), ("a ` b `` c ```` d", 5), ("`" * 50, 51)],
)
def test_no_body_closes_its_block(body: str, ticks: int) -> None:
    fence = "`" * ticks
    assert f"\n{fence}\n{body}\n{fence}\n" in page([packet(attempt(response_body=body))])


def test_no_cell_makes_a_column_and_no_value_a_line() -> None:
    text = page([packet(attempt(tracking_id="a|b`c\nd"), detail="x\n# heading `y`")])
    assert "| 503 | a\\|b'c d | new |" in text
    assert "- detail: `` x # heading `y` ``\n" in text
    assert "Your request id: `` a|b`c d ``." in text


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_in_it_is_obeyed_by_a_terminal(inside: str, body: str) -> None:
    text = page([packet(attempt(tracking_id=inside, response_body=body), detail=inside, query=inside)])
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) is None


def test_what_is_not_shown_is_written_out() -> None:
    text = page([packet(attempt(response_body="a\x1b[31mb\rc\u202ed"))])
    assert "\na\\x1b[31mb\\rc\\u202ed\n" in text
