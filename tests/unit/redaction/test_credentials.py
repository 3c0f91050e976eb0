import random
from itertools import pairwise

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.kinds import MARKERS
from tests.unit.redaction.credential_texts import (
    AWS4,
    AWS_KEY,
    BASIC,
    DIGEST,
    FAMILIES,
    HASHES,
    JWE,
    JWT,
    found,
    masked,
    pem,
)
from tests.unit.redaction.vendor_values import made

TRIGGERS = {name: re2.compile(family.trigger.encode()) for name, family in FAMILIES.items()}
ALL = [
    JWT,
    JWE,
    pem(),
    pem()[:150],
    pem()[100:],
    f"Bearer {JWT}",
    f"Basic {BASIC}",
    f"Authorization: Digest {DIGEST}",
    f"AWS4-HMAC-SHA256 {AWS4}",
    "postgres://bob:hunter2@db/x",
    "root:pw@tcp(h:1)/d",
    "https://api.telegram.org/bot" + made("{d9}:AA{U33}", 1) + "/x",
    "Token " + made("{h40}", 1),
    "https://hooks.slack.com/services/" + made("T{C8}/B{C8}/{A24}", 1),
    "k?X-Amz-Signature=" + "a1" * 32,
    "_authToken=abc-123-def",
    "machine h\nlogin b\npassword p4ss",
    "h:5432:d:b:s3cr3t",
    *HASHES[:6],
    f"aws_secret_access_key={AWS_KEY}",
    "/hooks/" + made("{l26}", 1),
]
GLUE = st.text(alphabet="aZ09 _-./\\\"'=:%nx@?&$*\n\x0b\x1c\u00e9\u00a0", max_size=5)


@st.composite
def texts(draw):
    pieces = []
    for _ in range(draw(st.integers(1, 3))):
        piece = draw(st.sampled_from(ALL))
        pieces += [draw(GLUE), piece[draw(st.integers(0, 8)) :] if draw(st.booleans()) else piece]
    return "".join(pieces) + draw(GLUE)


@pytest.mark.parametrize("name", FAMILIES)
@given(text=texts())
@settings(max_examples=150, deadline=None)
def test_where_anything_is_found_the_trigger_matches_and_spans_are_apart(name, text):
    spans = list(FAMILIES[name].find(text, ""))
    if spans:
        assert TRIGGERS[name].search(text.encode()) is not None
    assert all(0 <= start < end <= len(text) for start, end, _ in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@given(text=texts())
@settings(max_examples=150, deadline=None)
def test_what_was_masked_once_is_not_masked_again(text):
    once = masked(text, "schemes", "userinfo")
    assert masked(once, "schemes", "userinfo") == once


@pytest.mark.parametrize("shown", MARKERS.values())
@pytest.mark.parametrize(
    "text", ["{}", "Bearer {}", "https://{}@h", "https://u:{}@h", "/bot{}", "?sig={}", "_authToken={}", "secret {}"]
)
def test_a_marker_is_never_found(text, shown):
    assert found(text.format(shown)) == []


def test_nothing_is_found_in_prose():
    chance = random.Random(1)
    words = [
        "the",
        "token",
        "of",
        "a",
        "user",
        "was",
        "refused",
        "as",
        "its",
        "signature",
        "or",
        "password",
        "had",
        "expired;",
        "see",
        "/hooks",
        "and",
        "basic",
        "auth",
    ]
    assert found(" ".join(chance.choice(words) for _ in range(2000))) == []
