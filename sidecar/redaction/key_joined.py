"""Names whose words run together, all in one case: ``confirmpassword``, ``cardcvc``, ``BENEFICIARYACCOUNTNUMBER``.

Such a name is judged by the longest known phrase that it ends in. What stands before it must be nothing but words that
names are made of, as ``spin`` is no PIN and ``smartphone`` no number; only before endings that no other word has may
anything stand. The phrases are those of ``key_phrases``, so that ``nextpagetoken`` is as harmless as with separators.
"""

from itertools import chain

import re2

from sidecar.redaction.key_phrases import PHRASES, VOCABULARY, words
from sidecar.redaction.key_words import AFFIXES, HARMLESS_FIRST, LAST, WHOLE
from sidecar.redaction.kinds import CLASS_OF, Class

_SURE = frozenset(
    words("""
    password passwd passphrase passwort kennwort contrasena wachtwoord secret token apikey secretkey accesskey
    privatekey signingkey encryptionkey creditcard cardnumber accountnumber routingnumber securitynumber phonenumber
    emailaddress dateofbirth birthdate sessionid signature passportnumber
""")
)
"""Endings that no word has unless it means them."""
_SHORT = frozenset(words("pass pwd otp totp cvv cvc cvn csc pin ssn dob jwt iban email phone"))
"""Endings of five letters and fewer that count, behind known words; others are parts of words too often."""
_WHOLE = {word: WHOLE[word] for word in words("pin csc")}
_LEAST_CHARS = 6
_LONGEST = 48
_LEAST_AFFIX = 3


def _endings() -> dict[str, str | None]:
    """Every joined phrase and every last word -> kind."""
    phrases = {phrase.replace(" ", ""): kind for phrase, kind in PHRASES.items()}
    single = {word: kind for word, kind in (LAST | _WHOLE).items() if word.isascii() and word.isalpha()}
    return {
        ending: kind
        for ending, kind in (single | phrases).items()
        if (len(ending) >= _LEAST_CHARS or ending in _SHORT)
        and not ending[-1].isdigit()
        and (kind is None or CLASS_OF[kind] is not Class.DETAIL)
    }


_ENDINGS = _endings()


def _lengths() -> dict[str, tuple[int, ...]]:
    """Last two letters -> the lengths of the endings that have them, longest first."""
    table: dict[str, set[int]] = {}
    for ending in _ENDINGS:
        table.setdefault(ending[-2:], set()).add(len(ending))
    return {letters: tuple(sorted(lengths, reverse=True)) for letters, lengths in table.items()}


_LENGTHS = _lengths()
_BEHIND = tuple(sorted((affix for affix in AFFIXES if affix.isalpha() and len(affix) >= _LEAST_AFFIX), key=len))
"""What may stand behind as well: ``passwordconfirmation``."""


def _known_words() -> str:
    single = chain(VOCABULARY, AFFIXES, LAST, *(phrase.split() for phrase in PHRASES))
    return "|".join(sorted({word for word in single if len(word) > 1 and word.isascii() and word.isalpha()}))


_made_of_words = re2.compile(f"x?(?:{_known_words()})*")._regexp.Match  # noqa: SLF001 - see the gate
_BOTH = re2._re2.RE2.Anchor.ANCHOR_BOTH  # noqa: SLF001


def kind_of_joined(word: str) -> str | None:
    """The kind that a word in lower case announces by what it ends in, or None. Takes one or two microseconds."""
    if not _LEAST_CHARS <= len(word) <= _LONGEST or not word.isascii():
        return None
    kind = _by_ending(word)
    if kind is None and word.endswith(_BEHIND):
        for affix in _BEHIND:
            if word.endswith(affix) and (bare := word[: -len(affix)]):
                return LAST.get(bare) or _by_ending(bare)
    return kind


def _by_ending(word: str) -> str | None:
    for length in _LENGTHS.get(word[-2:], ()):
        ending = word[-length:]
        if ending in _ENDINGS:
            before = word[:-length]
            if before in HARMLESS_FIRST or not before:
                return None  # ``bypass``; what is no look-alike was known before
            if ending in _SURE or _are_words(before):
                return _ENDINGS[ending]
    return None


def _are_words(text: str) -> bool:
    found: list[tuple[int, int]] = _made_of_words(_BOTH, text.encode(), 0, len(text))
    return found[0][0] >= 0
