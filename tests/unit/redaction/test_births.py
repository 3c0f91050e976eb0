"""Dates of birth in texts."""

import pytest

from sidecar.redaction.births import BIRTH_FAMILY


def found(text):
    return [text[start:end] for start, end, _ in BIRTH_FAMILY.find(text, "")]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("DOB: 12/03/1985", "12/03/1985"), ("dob 1985-03-12", "1985-03-12"), ("DOB 19850312", "19850312"),
        ("D.O.B. 12.03.85", "12.03.85"), ("born on 12 March 1985", "12 March 1985"),
        ("Born: March 12, 1985", "March 12, 1985"),
        ("date of birth 12-Mar-1985", "12-Mar-1985"), ("birthday is 3/12/1985", "3/12/1985"),
        ("born 12th of March 1985", "12th of March 1985"), ("geboren am 12.3.1985", "12.3.1985"),
        ("geboren am 12. März 1985", "12. März 1985"), ("né le 12 mars 1985", "12 mars 1985"),
        ("Née le 12/03/1985", "12/03/1985"), ("fecha de nacimiento: 12/03/1985", "12/03/1985"),
        ("nacido el 12 de enero de 1985", "12 de enero de 1985"), ("nato il 12/03/1985", "12/03/1985"),
        ("Birthdate=1985/03/12", "1985/03/12"),
    ],
)  # fmt: skip
def test_a_date_after_a_word_of_birth_is_found_in_any_form(text, date):
    assert found(f"{text}; next") == [date]


@pytest.mark.parametrize(
    "text",
    [
        "1985-03-12", "created 1985-03-12", "born in 1985", "born 1985", "DOB unknown, seen 1985-03-12",
        "DOB: 99/99/1985",
        "DOB: 1985-13-40", "airborne 12/03/1985", "reborn 1985-03-12", "born\n1985-03-12", "dob 12/03/19851",
        "stubborn 12/03/1985", "geboren", "birthday party for 12 people", "born 12 years ago",
        "[REDACTED:date_of_birth] 12/03/1985",
    ],
)  # fmt: skip
def test_other_dates_are_left_alone(text):
    assert found(text) == []
