"""Warnings about policies that do not go together, or that ask for trouble.

Each is told where the user wrote it. What profiles and presets say by themselves is checked by the tests.
"""

from collections.abc import Callable, Iterator

from sidecar.config.merge import Stack
from sidecar.config.packaged import PRESETS
from sidecar.config.problem import Problem
from sidecar.config.subject import Subject, said
from sidecar.core import units
from sidecar.core.units import Rate, show_duration
from sidecar.policies.breaker import Breaker
from sidecar.policies.concurrency import Concurrency
from sidecar.policies.faults import Faults
from sidecar.policies.idempotency import Idempotency
from sidecar.policies.rate import RateShaping
from sidecar.policies.retry_settings import Backoff, Retry
from sidecar.policies.settings import Settings, Switchable
from sidecar.policies.timeouts import Timeouts

Rule = Callable[[Subject, Stack], Iterator[Problem]]


def lint_policies(subject: Subject) -> Iterator[Problem]:
    """Every warning about the policies of every route."""
    for stack in subject.stacks.values():
        for rule in RULES:
            yield from rule(subject, stack)


def attempts_past_the_deadline(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """Attempts that time out one after the other must fit into the whole, or the last of them never begin."""
    retry, times = stack.settings["retry"], stack.settings["timeouts"]
    if not isinstance(retry, Retry) or not isinstance(times, Timeouts) or _off(retry) or retry.attempts < 2:
        return
    waits = sum(_ceilings(retry.backoff, retry.attempts - 1))
    longest = retry.attempts * times.attempt + waits
    if times.attempt and 0 < times.total < longest:
        message = (
            f"{retry.attempts} attempts of {show_duration(times.attempt)} and the waits between them may take "
            f"{show_duration(round(longest, 3))}, longer than total ({show_duration(times.total)})"
        )
        names = ("retry.attempts", "timeouts.attempt", "timeouts.total", "retry.backoff")
        yield from subject.doubt(stack, names, message, "shorten attempt, make fewer, or give total more time")


def endless_attempts(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """Attempts by clock time need a clock that runs out."""
    retry, times = stack.settings["retry"], stack.settings["timeouts"]
    if not isinstance(retry, Retry) or not isinstance(times, Timeouts) or _off(retry):
        return
    if retry.attempts == 0 and times.total == 0:
        message = "a failing call is tried for ever: attempts is 0 (until total is up), and total is 0 (no limit)"
        hint = "give timeouts.total a value such as 15m, or count the attempts"
        yield from subject.doubt(stack, ("retry.attempts", "timeouts.total"), message, hint)


def done_twice(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """A POST that is sent again without a key may be carried out twice."""
    retry, key = stack.settings["retry"], stack.settings["idempotency"]
    if not isinstance(retry, Retry) or not isinstance(key, Idempotency) or _off(retry):
        return
    if retry.unsafe == "always":
        message = "a POST whose answer was lost is sent again: the provider may do it twice"
        hint = "write with_key and idempotency, if the provider knows such keys"
        yield from subject.doubt(stack, ["retry.unsafe"], message, hint)
    elif retry.unsafe == "with_key" and key.mode != "enforce":
        message = f"with_key needs keys, and idempotency is {key.mode}"
        yield from subject.doubt(stack, ["retry.unsafe", "idempotency"], message, "switch idempotency on")
    elif retry.unsafe == "with_key" and not _makes_keys(stack, key):
        message = "with_key, but no key is made for POST: only calls that bring their own are sent again"
        yield from subject.doubt(stack, ["retry.unsafe"], message, "write idempotency: {} if the provider knows keys")


def faster_than_published(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """More calls than the provider takes end in its 429."""
    rate, node, published = stack.settings["rate"], said(stack, "rate", "limit"), _published(stack)
    if not isinstance(rate, RateShaping) or rate.limit is None or published is None or _off(rate):
        return
    # A route of the user's own is for a part of the API that may well have a limit of its own.
    if node is not None and node.layer != "route" and _per_second(rate.limit) > _per_second(published):
        where = f" for its {stack.chain.route}" if stack.chain.route is not None else ""
        message = f"{rate.limit} is more than the {published} that the provider publishes{where}"
        hint = "the rest ends in 429; write a route where less is allowed"
        yield from subject.doubt(stack, ["rate.limit"], message, hint)


def failures_on_purpose(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """Faults are a test tool; left on, they look like an outage."""
    faults = stack.settings["faults"]
    if isinstance(faults, Faults) and str(faults):
        hint = "for tests; take it out where real calls go"
        yield from subject.doubt(stack, ["faults"], f"calls fail on purpose: {faults}", hint)


def hedges_that_never_go_out(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """A hedge is one of the attempts, and must have time left."""
    retry, times = stack.settings["retry"], stack.settings["timeouts"]
    if not isinstance(retry, Retry) or not isinstance(times, Timeouts) or _off(retry) or retry.hedge is None:
        return
    names = ["retry.hedge", "retry.attempts"]
    if retry.attempts == 1:
        message = "a hedge is a second send, and attempts is 1"
        yield from subject.doubt(stack, names, message, "allow 2 attempts, or take hedge out")
    limits = [("attempt", times.attempt), ("total", times.total)]
    name, limit = min((one for one in limits if one[1]), key=lambda one: one[1], default=("", 0.0))
    after = retry.hedge.after
    if isinstance(after, float) and limit and after >= limit:
        message = f"a hedge after {show_duration(after)} comes too late: {name} is {show_duration(limit)}"
        yield from subject.doubt(stack, ["retry.hedge.after"], message, "hedge earlier, or after p95")


def breakers_that_see_nothing(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """A scope without routes is the provider; a call that is cut off first is no slow call."""
    breaker, times = stack.settings["breaker"], stack.settings["timeouts"]
    if not isinstance(breaker, Breaker) or not isinstance(times, Timeouts) or _off(breaker):
        return
    if breaker.scope == "route" and not subject.config.providers[stack.chain.provider].routes:
        message = "scope is route, but the provider has no routes"
        yield from subject.doubt(stack, ["breaker.scope"], message, "write routes, or take scope out")
    if breaker.slow_call >= times.attempt > 0:
        message = (
            f"no call can be as slow as slow_call ({show_duration(breaker.slow_call)}): "
            f"attempt ends it after {show_duration(times.attempt)}"
        )
        yield from subject.doubt(stack, ["breaker.slow_call"], message, "make slow_call shorter than timeouts.attempt")


def slots_without_connections(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """Each call needs a connection of its own (HTTP/1.1), so the pool is a limit too, with a shorter wait."""
    concurrency = stack.settings["concurrency"]
    if not isinstance(concurrency, Concurrency) or _off(concurrency):
        return
    most = concurrency.max if concurrency.limit == "adaptive" else concurrency.limit
    connections = subject.config.providers[stack.chain.provider].pool.max_connections
    if isinstance(most, int) and most > connections:
        name = "max" if concurrency.limit == "adaptive" else "limit"
        message = f"{name} ({most}) is more than pool.max_connections ({connections})"
        yield from subject.doubt(stack, [f"concurrency.{name}"], message, "raise max_connections, or lower the limit")


def waits_past_the_deadline(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """Nobody waits longer than the call may take."""
    times = stack.settings["timeouts"]
    if not isinstance(times, Timeouts):
        return
    for key in ("rate", "concurrency"):
        limit = stack.settings[key]
        if isinstance(limit, RateShaping | Concurrency) and not _off(limit) and limit.max_wait > times.total > 0:
            message = f"max_wait ({show_duration(limit.max_wait)}) is longer than total ({show_duration(times.total)})"
            yield from subject.doubt(stack, [f"{key}.max_wait"], message, "the call ends first")


def words_without_a_judge(subject: Subject, stack: Stack) -> Iterator[Problem]:
    """``failure`` is what ``success`` finds."""
    retry, success = stack.settings["retry"], stack.settings["success"]
    if isinstance(retry, Retry) and not _off(retry) and "failure" in retry.on and _off(success):
        message = "'failure' is what success finds, and success is off"
        yield from subject.doubt(stack, ["retry.on"], message, "say with success what a failure looks like")


RULES: tuple[Rule, ...] = (
    attempts_past_the_deadline,
    endless_attempts,
    done_twice,
    faster_than_published,
    failures_on_purpose,
    hedges_that_never_go_out,
    breakers_that_see_nothing,
    slots_without_connections,
    waits_past_the_deadline,
    words_without_a_judge,
)
"""Every rule; a new one needs a line here and a case in the tests."""


def _off(settings: Settings) -> bool:
    return isinstance(settings, Switchable) and settings.mode == "off"


def _makes_keys(stack: Stack, key: Idempotency) -> bool:
    """Whether a POST gets a key; somebody who wrote ``generate: false`` knows that the app brings its own."""
    return (key.generate and "POST" in key.methods) or said(stack, "idempotency", "generate") is not None


def _ceilings(backoff: Backoff, count: int) -> Iterator[float]:
    """The longest waits between attempts: ``base``, doubled each time, up to ``cap``."""
    wait = backoff.base
    for _ in range(count):
        yield min(wait, backoff.cap)
        wait = min(wait * 2, backoff.cap)


def _per_second(rate: Rate) -> float:
    return rate.events / rate.seconds


def _published(stack: Stack) -> Rate | None:
    """The limit that the preset states for this route."""
    found = None
    for level in stack.chain.levels:
        rate = level.node.at("rate")
        limit = rate.at("limit") if rate is not None else None
        if limit is not None and level.node.file.startswith(PRESETS.folder.name):
            found = units.rate(limit.text)
    return found
