"""Which fault to inject: how it is written in ``Sidecar-Fault``, and what may stand together."""

from dataclasses import dataclass

from sidecar.core.units import duration, show_duration, show_size, size

HEADER = "Sidecar-Fault"

_HOW = "write delay=2s, abort=503, reset, throttle, truncate=100 or slow=1KiB; several with commas between"
_LONGEST_DELAY = 3600.0
"""Seconds; the bound of ``faults.delay``."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to one call.

    ``delay``: seconds before anything else. Then at most one of: ``abort`` (the status of an answer without asking the
    provider, 0: none), ``throttle`` (429 without asking it), ``reset`` (no answer, the app's connection is cut). Else
    the provider is asked, and its answer breaks off after ``truncate`` bytes of its body (None: never) or comes at
    ``slow`` bytes per second (0: as fast as it is).
    """

    delay: float = 0.0
    abort: int = 0
    throttle: bool = False
    reset: bool = False
    truncate: int | None = None
    slow: int = 0

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of what is done, for log and metrics; empty for a fault that does nothing."""
        done = (
            ("delay", self.delay > 0),
            ("abort", self.abort > 0),
            ("throttle", self.throttle),
            ("reset", self.reset),
            ("truncate", self.truncate is not None),
            ("slow", self.slow > 0),
        )
        return tuple(name for name, is_done in done if is_done)

    def __str__(self) -> str:
        """As it would be written in the header."""
        written = {
            "delay": f"delay={show_duration(self.delay)}",
            "abort": f"abort={self.abort}",
            "truncate": f"truncate={self.truncate}",
            "slow": f"slow={show_size(self.slow)}",
        }
        return ", ".join(written.get(kind, kind) for kind in self.kinds)


def contradiction(fault: Fault) -> str:
    """What cannot be done to the same call, in words; empty when all can.

    One call ends in one way: with an answer of ours, without one, or with the provider's, of which alone the body can
    be changed.
    """
    ends = [kind for kind in fault.kinds if kind in ("abort", "throttle", "reset")]
    changes = [kind for kind in fault.kinds if kind in ("truncate", "slow")]
    if len(ends) > 1 or (ends and changes):
        return f"{' and '.join(ends + changes)} cannot both happen to a call"
    return ""


def parse(text: str) -> Fault:
    """The fault that ``delay=2s, truncate=100`` asks for.

    Raises:
        ValueError: it cannot be read; the text says how to write it.
    """
    found: dict[str, float | int | bool] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name in found:
            raise ValueError(f"{name} is asked for twice; {_HOW}")
        found[name] = _value(name, value if equals else None)
    fault = Fault(**found)  # type: ignore[arg-type]
    wrong = contradiction(fault)
    if wrong:
        raise ValueError(wrong)
    return fault


def _value(name: str, value: str | None) -> float | int | bool:
    """What one part asks for; ``value``: what stands after its ``=``, None without one."""
    if name in ("reset", "throttle") and value is None:
        return True
    if name == "delay" and value is not None:
        seconds = duration(value)
        if seconds <= _LONGEST_DELAY:
            return seconds
        raise ValueError(f"a delay of {show_duration(_LONGEST_DELAY)} is the longest")
    if name == "abort" and value is not None:
        if len(value) == 3 and value.isascii() and value.isdigit() and "400" <= value <= "599":
            return int(value)
        raise ValueError(f"abort takes a status from 400 to 599; {_HOW}")
    if name == "truncate" and value is not None:
        return size(value)
    if name == "slow" and value is not None:
        pace = size(value)
        if pace > 0:
            return pace
        raise ValueError("slow takes the bytes per second, at least 1")
    raise ValueError(f"not a fault: {name if value is None else f'{name}={value}'!r}; {_HOW}")
