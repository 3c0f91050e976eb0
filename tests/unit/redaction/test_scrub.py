"""What formats ask about a name, a value or a text."""

import pytest

from sidecar.redaction.found import Found, Place
from sidecar.redaction.kinds import Class
from sidecar.redaction.redactor import DEFAULT, Redactor
from sidecar.redaction.rules import Action, Rules
from sidecar.redaction.scrub import OutOfTime, Scrub, is_done
from tests.unit.redaction.redaction_pieces import PASSWORD, REDACTORS, STRIPE_KEY, VALUES

MASKED = "[REDACTED:password]"


def scrub(redactor=DEFAULT, *, explain=False):
    return Scrub(redactor, Found(explain=explain), "form")


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (PASSWORD, "password", MASKED),
        ("", "password", ""),
        ("is required", "password", "is required"),
        (MASKED, "password", MASKED),
        ("[REDACTED:password:k1-00ff]", "password", "[REDACTED:password:k1-00ff]"),
        (f"{MASKED} {MASKED}", "password", f"{MASKED} {MASKED}"),
        (f"[REDACTED:a]{PASSWORD}", "password", MASKED),
        (f"{PASSWORD}[REDACTED:a]", "password", MASKED),
        (f"[REDACTED:a]{PASSWORD}[REDACTED:b]", "password", MASKED),
        (f"[REDACTED:{PASSWORD}]", "password", MASKED),  # no marker: a kind has small letters only
        ("<truncated>", "password", "<truncated>"),
        ("<string, 8>", "password", "<string, 8>"),
        ("<string, 8>x", "password", MASKED),
        ("/users/[REDACTED:email]/x", "address", "/users/[REDACTED:email]/x"),
        ("jenny@corp.example", "note", "[REDACTED:email]"),
        ("jenny@corp.example", "", "[REDACTED:email]"),
        ("plain", "value", "plain"),
        ("plain", "name", "plain"),
        ("plain", "query", "plain"),
        ('{ user(password: "aB3$xyzw") { id } }', "query", '{ user(password: "[REDACTED:password]") { id } }'),
    ],
)  # fmt: skip
def test_a_value_under_a_name(text, name, expected):
    assert scrub().value(text, name) == expected


def test_more_names_count_in_a_query():
    assert scrub().value("abc", "key") == "abc"
    assert scrub().in_pair("abc", "key") == "[REDACTED:api_key]"


def test_whatever_is_certain_to_be_one_is_replaced():
    assert scrub().named("token", "expired", "x") == "expired"
    assert scrub().named("token", "expired", "x", certain=True) == "[REDACTED:token]"
    assert scrub().named("token", "", "x", certain=True) == ""
    assert scrub().named("token", "[REDACTED:token]", "x", certain=True) == "[REDACTED:token]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""), ("a@b", "a@b"), ("hello world", "hello world"),
        (f"a {VALUES['email']} b {STRIPE_KEY} c", "a [REDACTED:email] b [REDACTED:api_key] c"),
        (f"[REDACTED:email] {VALUES['email']} [REDACTED:a]", "[REDACTED:email] [REDACTED:email] [REDACTED:a]"),
        (f"[REDACTED:a]{STRIPE_KEY}[REDACTED:b]", "[REDACTED:a][REDACTED:api_key][REDACTED:b]"),
        (f"password=[REDACTED:a]{VALUES['email']}", "password=[REDACTED:a][REDACTED:email]"),
        ("\u0664\u0662\u0664\u0662 \u0664\u0662\u0664\u0662 4242 4242", "[REDACTED:card_number]"),
        ("42\u200b42 4242 4242 4242", "[REDACTED:card_number]"),
        ("jenny\uff20corp.example", "[REDACTED:email]"),
        ("caf\u00e9 na\u00efve \u65e5\u672c", "caf\u00e9 na\u00efve \u65e5\u672c"),
        ("\uff21\uff22 clean", "\uff21\uff22 clean"),
        ("a\x00jenny@corp.example\x00", "a\x00[REDACTED:email]\x00"),
    ],
)  # fmt: skip
def test_free_text(text, expected):
    one = scrub()
    assert one.text(text) == expected
    assert one.changed is (text != expected)
    assert scrub().text(expected) == expected


def test_what_one_value_hid_is_found_by_another_look():
    # No number may stand right behind another; behind a marker it may.
    assert scrub().text("4242424242424242+14155552671") == "[REDACTED:card_number][REDACTED:phone]"


def test_parts_of_values_that_were_left_are_not_taken_for_values():
    partial = REDACTORS["partial"]
    text = "first_name=Jenny mail jenny@corp.example or +14155552671 from 203.0.113.77"
    once = scrub(partial).text(text)
    assert once == "first_name=J*** mail j***@corp.example or ****2671 from 203.0.113.*"
    assert scrub(partial).text(once) == once


def test_stars_beside_a_value_hide_it_neither_when_it_is_masked_nor_in_parts():
    for name in ("default", "partial"):
        shown = scrub(REDACTORS[name]).text(f"***{STRIPE_KEY}*** ****{STRIPE_KEY}")
        assert STRIPE_KEY not in shown


def test_in_the_middle_of_a_text_a_dropped_value_leaves_its_marker():
    drop = REDACTORS["drop"]
    assert scrub(drop).text("mail jenny@corp.example now") == "mail [REDACTED:email] now"
    assert scrub(drop).text("jenny@corp.example") == ""
    assert scrub(drop).value(PASSWORD, "password") is None


def test_what_is_kept_is_shown_in_texts():
    assert scrub(REDACTORS["keep"]).text(f"jenny@corp.example {STRIPE_KEY}") == "jenny@corp.example [REDACTED:api_key]"


def test_many_markers_and_values_in_one_text_are_told_apart():
    text = "[REDACTED:a] jenny@corp.example, " * 500
    assert scrub().text(text) == "[REDACTED:a] [REDACTED:email], " * 500


@pytest.mark.parametrize("count", [1, 3])
def test_lines_are_searched_as_one_text_but_no_value_goes_over_two(count):
    one = scrub()
    texts = ["4242 4242", "4242 4242", "mail jenny@corp.example now", "x", STRIPE_KEY] * count
    assert one.lines(texts, "note") == [
        "4242 4242", "4242 4242", "mail [REDACTED:email] now", "x", "[REDACTED:api_key]",
    ] * count  # fmt: skip
    assert one.lines(["a", "b"], "") == ["a", "b"]


def test_lines_with_encodings_need_a_look_by_themselves():
    assert scrub().lines(["x", "jenny%40corp.example"], "") is None
    assert scrub().lines(["x", "caf\u00e9 jenny@corp.example"], "") is None


def test_finds_are_counted_with_their_places():
    one = scrub(explain=True)
    one.value(PASSWORD, "password")
    one.text(f"mail {VALUES['email']}", "note")
    one.text(f"mail {VALUES['email']}")
    assert one.found.counts == {"password": 1, "email": 2}
    assert one.found.places == [
        Place("password", "form/password", "key"), Place("email", "form/note", "detector"), Place("email", "form",
         "detector"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""), ("a", "<string, 1>"), ("hello", "<string, 5>"), (5, "<number>"), (2.5, "<number>"), ("<string, 5>",
         "<string, 5>"),
        ("<number>", "<number>"), ("<truncated>", "<truncated>"), ("<string, x>", "<string, 11>"), ("<text, 5> ",
         "<string, 10>"),
    ],
)  # fmt: skip
def test_what_nobody_listed_is_told_by_type_and_length(value, expected):
    assert scrub().unlisted(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[REDACTED:a]", True),
        ("<truncated>", True),
        ("<string, 12>", True),
        ("[REDACTED:a] ", False),
        ("x", False),
        ("", False),
    ],
)
def test_what_redaction_leaves_behind_is_known(text, expected):
    assert is_done(text) is expected


@pytest.mark.parametrize(
    ("value", "action", "expected"),
    [
        ("x", Action.MASK, "[REDACTED:ref]"), (5, Action.MASK, "[REDACTED:ref]"), ([1], Action.MASK, "[REDACTED:ref]"),
        ({"a": 1}, Action.PARTIAL, "[REDACTED:ref]"), ("x", Action.DROP, None), (None, Action.DROP, None),
        (None, Action.MASK, None), (True, Action.MASK, True), ("", Action.MASK, ""), ([], Action.MASK, []), ({},
         Action.MASK, {}),
        (0, Action.MASK, "[REDACTED:ref]"), ("[REDACTED:x]", Action.MASK, "[REDACTED:x]"), ("x", Action.HASH,
         "[REDACTED:ref]"),
    ],
)  # fmt: skip
def test_a_configured_value_is_replaced_whatever_it_is(value, action, expected):
    assert scrub().configured(value, "ref", action) == expected


def test_an_action_for_a_kind_counts_more_than_that_of_its_class():
    redactor = Redactor(Rules(kinds={"email": Action.KEEP}, classes=dict.fromkeys(Class, Action.MASK)))
    assert scrub(redactor).text("jenny@corp.example +14155552671") == "jenny@corp.example [REDACTED:phone]"


class Clock:
    """Seconds that go on by one step a look."""

    def __init__(self, step):
        self.now = 0.0
        self.step = step

    def __call__(self):
        self.now += self.step
        return self.now


def test_what_takes_too_long_is_given_up():
    redactor = Redactor(clock=Clock(1.0))
    redactor.respites = 0
    slow = Scrub(redactor, Found(), limit=1.5)
    slow.check_time()
    with pytest.raises(OutOfTime):
        slow.check_time()


def test_the_first_slow_ones_get_more_time():
    clock = Clock(0.001)
    redactor = Redactor(clock=clock)
    redactor.respites = 1
    slow = Scrub(redactor, Found(), limit=0.0015)
    slow.check_time()
    slow.check_time()
    assert redactor.respites == 0
    clock.now += 1
    with pytest.raises(OutOfTime):
        slow.check_time()


def test_without_a_clock_there_is_no_limit():
    one = Scrub(Redactor(), Found(), limit=-1.0)
    one.check_time()
    assert one.text("jenny@corp.example") == "[REDACTED:email]"
