"""Calls whose tries are spent: an SDK that tries them again gets the same answer, and the provider no further call.

Some SDKs cannot be told by a header to stop (botocore); but they mark all tries of one call with the same id.
"""

from copy import copy

from sidecar.core.body import Body
from sidecar.core.errors import SidecarError
from sidecar.core.exchange import Response

_FOR = 30.0
"""Seconds; the longest backoff of botocore's standard mode is 20 (docs.aws.amazon.com/sdkref, "Retry behavior")."""
_MOST = 1024
_LONGEST_CALL = 2048
_LARGEST = 16 * 1024
"""Bytes of an answer; more is no error message. With the two numbers above: 18 MiB at most."""


class Spent:
    """Call (its id, method and path) -> the end it came to. Bounded: the oldest goes first."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: dict[bytes, tuple[float, Response | SidecarError]] = {}

    def remember(self, call: bytes, answer: Response | None, error: SidecarError | None, now: float) -> None:
        """This call is over. An answer that is not whole cannot be given again, and is not remembered."""
        if len(call) > _LONGEST_CALL:
            return
        if answer is not None and answer.body.replayable and answer.body.received <= _LARGEST:
            self._put(call, _twin(answer), now)
        elif answer is None and error is not None:
            self._put(call, copy(error), now)  # without its traceback, which holds the whole call

    def answer(self, call: bytes, now: float) -> Response | None:
        """The same end again, or None for a call that may be sent.

        Raises:
            SidecarError: that was the end.
        """
        found = self._ends.get(call)
        if found is None or found[0] < now:
            return None
        end = found[1]
        if isinstance(end, SidecarError):
            raise copy(end)
        return _twin(end)

    def _put(self, call: bytes, end: Response | SidecarError, now: float) -> None:
        ends = self._ends
        ends.pop(call, None)
        while ends and (len(ends) >= _MOST or ends[next(iter(ends))][0] < now):
            del ends[next(iter(ends))]
        ends[call] = (now + _FOR, end)


def _twin(answer: Response) -> Response:
    body = Body.of(answer.body.content())
    body.length, body.trailers = answer.body.length, answer.body.trailers  # framed as it came
    twin = Response(answer.status, answer.reason, answer.headers, body)
    twin.lines = answer.lines
    twin.outcome = answer.outcome
    return twin
