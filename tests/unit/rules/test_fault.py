import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.fault import Fault, contradiction, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("delay=2s", Fault(delay=2.0)),
        ("delay=250ms", Fault(delay=0.25)),
        ("delay=1h", Fault(delay=3600.0)),
        ("abort=503", Fault(abort=503)),
        ("abort=400", Fault(abort=400)),
        ("reset", Fault(reset=True)),
        ("throttle", Fault(throttle=True)),
        ("truncate=100", Fault(truncate=100)),
        ("truncate=0", Fault(truncate=0)),
        ("slow=1KiB", Fault(slow=1024)),
        ("delay=1s,reset", Fault(delay=1.0, reset=True)),
        (" slow = 10 , truncate=2KB ", Fault(truncate=2000, slow=10)),
    ],
)
def test_what_can_be_asked_for(text: str, expected: Fault) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a fault: ''; write delay=2s"),
        ("explode", "not a fault: 'explode'; write delay=2s"),
        ("explode=1", "not a fault: 'explode=1'; write delay=2s"),
        ("delay", "not a fault: 'delay'"),
        ("delay=", "not a duration"),
        ("delay=5", "needs a unit"),
        ("delay=61m", "a delay of 1h is the longest"),
        ("abort=200", "from 400 to 599"),
        ("abort=600", "from 400 to 599"),
        ("abort=5030", "from 400 to 599"),
        ("abort=٥٠٣", "from 400 to 599"),
        ("reset=1", "not a fault: 'reset=1'"),
        ("throttle=yes", "not a fault: 'throttle=yes'"),
        ("truncate=-1", "not a size"),
        ("slow=0", "at least 1"),
        ("delay=1s,,reset", "not a fault: ''"),
        ("delay=1s, delay=2s", "delay is asked for twice"),
        ("abort=503, reset", "abort and reset cannot both happen to a call"),
        ("throttle, reset", "throttle and reset cannot both"),
        ("reset, truncate=1", "reset and truncate cannot both"),
    ],
)
def test_what_cannot(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert why in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_a_fault_or_a_mistake(text: str) -> None:
    try:
        found = parse(text)
    except ValueError:
        return
    assert found == Fault() or found.kinds
    assert contradiction(found) == ""


@given(
    st.builds(
        Fault,
        delay=st.sampled_from([0.0, 0.25, 2.0]),
        abort=st.sampled_from([0, 400, 503]),
        throttle=st.booleans(),
        reset=st.booleans(),
        truncate=st.sampled_from([None, 0, 100]),
        slow=st.sampled_from([0, 1, 1024]),
    ).filter(lambda fault: fault.kinds and not contradiction(fault))
)
def test_what_is_shown_can_be_asked_for(fault: Fault) -> None:
    assert parse(str(fault)) == fault


def test_the_kinds_are_named_in_the_order_they_happen() -> None:
    assert Fault().kinds == ()
    assert Fault(1.0, 503, throttle=True, reset=True, truncate=0, slow=1).kinds == (
        "delay", "abort", "throttle", "reset", "truncate", "slow",
    )  # fmt: skip
