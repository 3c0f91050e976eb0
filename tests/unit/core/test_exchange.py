"""Closers, notes and forks."""

import pytest

from sidecar.core.exchange import Exchange, Response
from tests.unit.policies.stage import ask, respond


def _note(calls: list[str], name: str) -> object:
    def closer(exchange: Exchange, response: Response, error: BaseException | None) -> None:
        calls.append(f"{name} {error}")

    return closer


def test_closers_run_once_in_their_order() -> None:
    calls: list[str] = []
    response = respond()
    response.closers += [_note(calls, "inner"), _note(calls, "outer")]  # type: ignore[list-item]
    response.close(ask(), None)
    response.close(ask(), ValueError("late"))
    assert calls == ["inner None", "outer None"]


def test_closers_added_after_settling_run_at_the_close() -> None:
    calls: list[str] = []
    response = respond()
    response.closers.append(_note(calls, "attempt"))  # type: ignore[arg-type]
    response.settle(ask(), None)
    response.closers.append(_note(calls, "record"))  # type: ignore[arg-type]
    response.close(ask(), None)
    assert calls == ["attempt None", "record None"]


def test_a_closer_with_a_bug_does_not_keep_a_slot_from_coming_back() -> None:
    calls: list[str] = []

    def broken(exchange: Exchange, response: Response, error: BaseException | None) -> None:
        raise RuntimeError("bug")

    response = respond()
    response.closers += [broken, _note(calls, "slot")]  # type: ignore[list-item]
    with pytest.raises(RuntimeError, match="bug"):
        response.close(ask(), None)
    assert calls == ["slot None"]


def test_a_fork_has_attempts_of_its_own() -> None:
    exchange = ask()
    fork = exchange.fork()
    fork.attempts.append(object())  # type: ignore[arg-type]
    assert (exchange.attempts, fork.headers) == ([], exchange.headers)
