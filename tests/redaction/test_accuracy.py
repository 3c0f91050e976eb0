"""The engine against the corpus, on the part that may be tuned on and on the part that may not."""

from collections import Counter
from functools import cache

import pytest

from sidecar.redaction.kinds import PERSONAL_KINDS, SECRET_KINDS
from tests.redaction import look_alikes, vendor_tokens
from tests.redaction.corpus import cases
from tests.redaction.engine import redact, redactor
from tests.redaction.labels import part
from tests.redaction.tally import Tally, tally

PARTS = ("tuning", "held-out")


@cache
def scored(name: str) -> Tally:
    engine = redactor()
    return tally(part(cases(), name), lambda case: redact(engine, case))


def examples(name: str, word: str, groups: tuple[str, ...], count: int = 40) -> str:
    """The first failures of the tuning part; of the held-out part only how many of what, lest rules be fitted to it."""
    chosen = [(case, what) for case, what, _ in scored(name).failures if what.startswith(word) and case.group in groups]
    if name == "held-out":
        kinds = Counter(f"{case.format} {what.split()[1] if word == 'leak' else word}" for case, what in chosen)
        return "\n".join(f"{number} x {what}" for what, number in kinds.most_common())
    return "\n".join(f"{case.name}: {what[:160]}" for case, what in chosen[:count])


def test_the_corpus_is_as_large_and_as_mixed_as_promised() -> None:
    values = [value for case in cases() for value in case.values]
    assert len(values) >= 3000
    assert len({case.format for case in cases() if case.values}) >= 12
    assert len({text for case in cases() if case.group == "look-alike" for text in case.benign}) >= 300
    assert len(look_alikes.LINES) >= 100
    assert len(vendor_tokens.VENDORS) >= 60
    # A passphrase is labelled a password, a credential by what it is; certificates are public.
    labelled = {value.kind for value in values}
    assert labelled == {*SECRET_KINDS, *PERSONAL_KINDS} - {"passphrase", "credential", "certificate"}
    held = sum(case.held_out for case in cases()) / len(cases())
    assert 0.27 < held < 0.33


@pytest.mark.parametrize("name", PARTS)
def test_no_case_is_given_up(name: str) -> None:
    assert not scored(name).refused


@pytest.mark.parametrize("name", PARTS)
def test_secrets_do_not_leak(name: str) -> None:
    share = scored(name).recall("T0")
    assert share >= 0.995, examples(name, "leak", ("mixed", "vendor", "api"))


@pytest.mark.parametrize("name", PARTS)
def test_personal_data_does_not_leak(name: str) -> None:
    share = scored(name).recall("T1")
    assert share >= 0.98, examples(name, "leak", ("mixed", "api"))


@pytest.mark.parametrize("name", PARTS)
def test_keys_of_vendors_do_not_leak_from_source_configuration_and_logs(name: str) -> None:
    for place in ("source-vendor", "source-named", "source-opaque", "kubernetes", "pem"):
        share = scored(name).recall("T0", place=place)
        assert share >= 0.95, f"{place}\n{examples(name, 'leak', ('vendor',))}"


@pytest.mark.parametrize("name", PARTS)
def test_what_is_harmless_in_bodies_of_apis_stays(name: str) -> None:
    share = scored(name).lost("api")
    assert share <= 0.003, examples(name, "altered", ("api",))


@pytest.mark.parametrize("name", PARTS)
def test_look_alikes_stay(name: str) -> None:
    share = scored(name).lost("look-alike")
    assert share <= 0.05, examples(name, "altered", ("look-alike",))
