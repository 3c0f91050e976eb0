"""The settings of retry, and the words for what may be retried."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from sidecar.core import errors
from sidecar.core.units import Rate as RateUnit
from sidecar.policies.settings import Duration, FieldName, Fraction, Rate, Settings, Size, Switchable
from sidecar.rules.resend import Unsafe

WORDS: dict[str, tuple[type[errors.SidecarError], ...]] = {
    "connect": (errors.ConnectFailed, errors.DnsFailed, errors.TlsFailed, errors.ConnectTimeout),
    "reset": (errors.Reset, errors.BadResponse, errors.ResponseIncomplete),
    "timeout": (errors.HeadTimeout, errors.AttemptTimeout, errors.IdleTimeout),
    "failure": (),
}
"""Word under ``retry.on`` -> the errors it stands for. ``failure``: an answer that ``success`` found to be none."""

_OF_ERROR = {error: word for word, kinds in WORDS.items() for error in kinds}


def reason_for_error(error: errors.SidecarError | None) -> str | None:
    """The word for an error of the provider or the network; None for what is no matter of retries."""
    return _OF_ERROR.get(type(error)) if error is not None else None


def _retry_class(value: Any) -> str:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text in WORDS or (len(text) == 3 and text.isascii() and text.isdigit() and "400" <= text <= "599"):
        return text
    words = ", ".join(WORDS)
    msg = f"not a reason to retry: '{text}'; possible are {words}, and statuses from 400 to 599"
    raise ValueError(msg)


RetryClass = Annotated[
    str,
    BeforeValidator(_retry_class),
    WithJsonSchema({"anyOf": [{"enum": list(WORDS)}, {"type": "integer", "minimum": 400, "maximum": 599}]}),
]
"""``connect``, ``reset``, ``timeout``, ``failure``, or a status."""


class Backoff(Settings):
    """Waits between attempts: anything from 0 to ``base``, doubled with each attempt, up to ``cap`` (full jitter)."""

    base: Duration = Field(0.1, gt=0, le=300)
    """The longest wait before the second attempt."""
    cap: Duration = Field(5.0, gt=0, le=3600)
    """The longest wait of all."""

    @model_validator(mode="after")
    def _in_order(self) -> "Backoff":
        if self.base > self.cap:
            msg = "base is longer than cap; base is the first, cap the longest wait"
            raise ValueError(msg)
        return self


class ThrottleBackoff(Backoff):
    """Waits after "too many", longer from the start: the same as for ``backoff``."""

    base: Duration = Field(1.0, gt=0, le=300)
    """The longest wait before the second attempt."""
    cap: Duration = Field(20.0, gt=0, le=3600)
    """The longest wait of all."""


class RetryBudget(Settings):
    """How many retries and hedges there may be beside the calls of the last second, waiting ones included.

    One budget for all routes of the provider that have the same; a route with another counts by itself.
    """

    ratio: Fraction = 0.2
    """Retries per call. 20 %: an outage makes at most a fifth more traffic (the default of Finagle and Envoy)."""
    floor: Rate = RateUnit(10, 1)
    """Retries allowed in any case, so that a provider that is called rarely has retries too. At least 1/s."""

    @field_validator("floor")
    @classmethod
    def _at_least_one(cls, value: RateUnit) -> RateUnit:
        if value.events < value.seconds:
            msg = f"{value} is less than one a second, and every second is counted by itself: none would be allowed"
            raise ValueError(msg)
        return value


class Hedge(Settings):
    """A second send of a slow call, for safe methods only; the first good answer counts, the other send is cut off."""

    after: Literal["p95"] | Annotated[Duration, Field(gt=0, le=3600)] = "p95"
    """How long the first send may take: ``p95`` of the last answers' times, or a duration like ``200ms``."""
    max: Literal[1] = 1
    """Second sends per call."""


class Retry(Switchable):
    """Failed calls are sent again when that is safe, promising and within the budget.

    Safe: the method is idempotent, nothing was sent, the provider said that it did nothing, or an idempotency key makes
    it so. When retries end, the app gets the provider's last answer.
    """

    attempts: int = Field(3, ge=0, le=100)
    """Sends at most, the first included. 3 gets over a lost connection and a restart; more helps rarely and costs time.
    0: until ``timeouts.total`` is up."""
    on: tuple[RetryClass, ...] = ("connect", "reset", "timeout", "429", "502", "503", "504")
    """What is retried: ``connect``, ``reset``, ``timeout``, ``failure`` (see ``success``), and statuses. 429 stands for
    every answer that means "too many". 500 is left out: it is a bug of the provider as often as a passing trouble."""
    backoff: Backoff = Backoff()
    """Waits after a failure."""
    throttle_backoff: ThrottleBackoff = ThrottleBackoff()
    """Waits after 429 when the provider did not say how long."""
    budget: RetryBudget = RetryBudget()
    """The share of retries, for all calls to the provider together."""
    body_bytes: Size = Field(1024 * 1024, ge=0, le=64 * 1024 * 1024)
    """Requests up to this size are kept to be sent again; larger ones stream through and are sent once."""
    hold_bytes: Size = Field(64 * 1024, ge=0, le=16 * 1024 * 1024)
    """Shorter answers are held until whole, so that a broken-off one is asked for again; longer ones stream."""
    unsafe: Unsafe = "never"
    """May a request that is not idempotent be sent again after bytes were sent? ``with_key``: if it carries an
    idempotency key. ``always``: yes; then a charge may happen twice."""
    hedge: Hedge | None = None
    """Off unless set: it buys a lower 99th percentile with more calls."""
    veto: tuple[FieldName, ...] = ("x-should-retry", "Stripe-Should-Retry")
    """Headers by which the provider says whether to ask again: ``false`` forbids, ``true`` demands it."""
    tell: FieldName | None = None
    """The header (with ``false``) by which the app's SDK is told that the tries are spent, so that it adds none."""
    call_id: FieldName | None = None
    """A header that stays the same over an SDK's own tries (AWS: ``amz-sdk-invocation-id``): a call whose tries are
    spent is then answered as before, for 30 seconds, instead of being sent again."""

    @property
    def reasons(self) -> frozenset[str]:
        """``on``, for look-ups."""
        return frozenset(self.on)
