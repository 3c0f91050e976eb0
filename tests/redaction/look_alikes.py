"""Values that look like secrets or personal data and are none: a log that loses them cannot be read.

They stand in ``data/``, one a line: ``pairs.txt`` (name and shape, as in API bodies), ``lines.txt`` (prose, code and
configuration that speak of secrets without holding one), ``urls.txt`` and ``headers.txt``.
"""

import string
from random import Random

from tests.redaction import check_digits
from tests.redaction.shapes import fill
from tests.redaction.tables import keyed, lines

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

LINES = tuple(lines("lines.txt"))
URLS = tuple(lines("urls.txt"))
HEADERS = tuple(keyed("headers.txt"))
PAIRS = tuple(keyed("pairs.txt", " = "))


def ulid(rng: Random) -> str:
    """A ULID: time and chance in Crockford's base 32."""
    return "01H" + "".join(rng.choices(_CROCKFORD, k=23))


def checked(rng: Random) -> list[tuple[str, str]]:
    """Numbers of goods and ships that carry check digits like those of cards."""
    return [
        ("ean", check_digits.ean("400" + fill("{d:9}", rng))),
        ("gtin", check_digits.ean("0" + fill("{d:12}", rng))),
        ("isbn", check_digits.ean("978" + fill("{d:9}", rng))),
        ("barcode", check_digits.ean("50" + fill("{d:9}", rng))),
        ("sscc", check_digits.ean("0034043416" + fill("{d:7}", rng))),
        ("imei_tac", fill("35{d:6}", rng)),
        ("ulid", ulid(rng)),
        ("ksuid", "".join(rng.choices(string.ascii_letters + string.digits, k=27))),
        ("nanoid", fill("{b:21}", rng)),
        ("snowflake", fill("17{d:17}", rng)),
    ]


def pairs(rng: Random) -> list[tuple[str, str]]:
    """One value for every name and shape."""
    return [(name, fill(shape, rng)) for name, shape in PAIRS] + checked(rng)
