"""Draws values so that every kind comes up in every format, and names them as the wild does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.redaction import look_alikes, numbers_of_people, personal_values, secret_values
from tests.redaction.labels import STYLES, Value, styled
from tests.redaction.shapes import fill

Make = Callable[[Random], Value]

ALL: tuple[Make, ...] = (*secret_values.ALL, *personal_values.ALL, *numbers_of_people.ALL)
ONE_LINE: tuple[Make, ...] = tuple(make for make in ALL if make is not secret_values.private_key)
ALONE: tuple[Make, ...] = (
    *secret_values.SHAPED, personal_values.email, personal_values.phone, personal_values.ip, personal_values.email,
    numbers_of_people.iban, numbers_of_people.ssn,
)  # fmt: skip
"""Generators most of whose values are recognisable whatever their name."""

_HARMLESS = ("note", "description", "value", "reference", "comment", "text", "details", "data", "memo", "content")
_SENTENCES = (
    "{}", "{}", "{}", "please use {} from now on", "see {} (updated)", "got {}, expected none", "[{}] was sent twice",
    "customer wrote: {}", "{} - checked",
)  # fmt: skip

_CLEAN = frozenset("<>$*\\\"'[]^ ")
_BENIGN = [
    (name, shape)
    for name, shape in look_alikes.PAIRS
    # Beside a telephone a name is a person's, and a code of a user or a card may be one that opens something.
    if name not in {"name", "code"} and shape.isascii() and len(shape) > 6
    if not set(shape) & _CLEAN and "{{" not in shape and "_KEY" not in shape
]  # fmt: skip


@dataclass(slots=True)
class Draw:
    """A source of values that goes round all generators in a shuffled order, as one format asks for them."""

    rng: Random
    makers: Sequence[Make] = ONE_LINE
    fits: Callable[[Value], bool] = lambda _value: True
    _queue: list[Make] = field(default_factory=list)

    def value(self) -> Value:
        """The next value that fits."""
        while True:
            if not self._queue:
                self._queue = list(self.makers)
                self.rng.shuffle(self._queue)
            make = self._queue.pop()
            for _ in range(8):
                value = make(self.rng)
                if self.fits(value):
                    return value

    def values(self, least: int = 2, most: int = 5) -> list[Value]:
        """Some values, no two of which hold one another."""
        kept: list[Value] = []
        for _ in range(self.rng.randint(least, most)):
            value = self.value()
            if not any(value.text in other.text or other.text in value.text for other in kept):
                kept.append(value)
        return kept

    def benign(self, count: int, style: str) -> list[tuple[str, str]]:
        """Harmless names and values, printable and without a placeholder's braces."""
        chosen = self.rng.sample(_BENIGN, count)
        return [(styled(name.replace("_", " "), style), fill(shape, self.rng)) for name, shape in chosen]

    def style(self) -> str:
        """How one body spells its names."""
        return self.rng.choice(STYLES)


def name_of(value: Value, rng: Random, style: str, harmless: float = 0.4) -> str:
    """A name for a value: one of its own, or for values that stand alone sometimes a harmless one."""
    if value.names and not (value.alone and rng.random() < harmless):
        return styled(rng.choice(value.names), style)
    return styled(rng.choice(_HARMLESS), style)


def sentence(value: Value, rng: Random) -> str:
    """The value of a harmless field: the thing alone, or within a few words."""
    return rng.choice(_SENTENCES).format(value.text)


def named(value: Value, rng: Random, style: str) -> tuple[str, str]:
    """A name and the text under it."""
    name = name_of(value, rng, style)
    harmless = value.alone and name in {styled(word, style) for word in _HARMLESS}
    return name, sentence(value, rng) if harmless else value.text
