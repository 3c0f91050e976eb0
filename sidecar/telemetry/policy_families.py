"""The metric families of the resilience policies; part of the table in families.py."""

from collections.abc import Callable, Iterator

from sidecar.telemetry.family import PROVIDER, Family, Kind, Sample, per_provider, waits
from sidecar.telemetry.policy_stats import Ask, PolicyStats
from sidecar.telemetry.stats import Stats

BREAKER_STATES = ("closed", "half_open", "open")


def _by_name(get: Callable[[PolicyStats], dict[str, int]]) -> Callable[[Stats], Iterator[Sample]]:
    def collect(stats: Stats) -> Iterator[Sample]:
        for provider in stats.providers.values():
            for name, value in get(provider.policies).items():
                yield Sample((provider.provider, name), value)

    return collect


def _asked(get: Callable[[PolicyStats], Ask | None]) -> Callable[[Stats], Iterator[Sample]]:
    def collect(stats: Stats) -> Iterator[Sample]:
        for provider in stats.providers.values():
            ask = get(provider.policies)
            value = ask() if ask is not None else None
            if value is not None:
                yield Sample((provider.provider,), value)

    return collect


def _auth_failures(stats: Stats) -> Iterator[Sample]:
    for provider in stats.providers.values():
        for status, value in ({401: 0, 403: 0} | provider.policies.auth_failures).items():
            yield Sample((provider.provider, str(status)), value)


def _breaker_states(stats: Stats) -> Iterator[Sample]:
    for provider in stats.providers.values():
        for scope, breaker in provider.policies.breakers.items():
            for state in BREAKER_STATES:
                yield Sample((provider.provider, scope, state), int(breaker.state == state))


def _breaker_transitions(stats: Stats) -> Iterator[Sample]:
    for provider in stats.providers.values():
        for scope, breaker in provider.policies.breakers.items():
            for state in BREAKER_STATES:
                yield Sample((provider.provider, scope, state), breaker.transitions.get(state, 0))


def _observed(stats: Stats) -> Iterator[Sample]:
    for provider in stats.providers.values():
        for (policy, what), value in provider.policies.observed.items():
            yield Sample((provider.provider, policy, what), value)


POLICY_FAMILIES: tuple[Family, ...] = (
    Family(
        "sidecar_retries", Kind.COUNTER,
        "Attempts that were made again, by the reason: what became of the attempt before.",
        ("provider", "reason"), _by_name(lambda policies: policies.retries),
    ),
    Family(
        "sidecar_retry_refused", Kind.COUNTER,
        "Failed attempts that would have been retried, by what stood against it.",
        ("provider", "why"), _by_name(lambda policies: policies.retry_refused),
    ),
    Family(
        "sidecar_retry_budget_remaining", Kind.GAUGE, "Retries that the budget allows at this moment.",
        PROVIDER, _asked(lambda policies: policies.budget),
    ),
    Family(
        "sidecar_hedges", Kind.COUNTER, "Second sends of slow calls: won, lost, or refused by the budget.",
        ("provider", "result"), _by_name(lambda policies: policies.hedges),
    ),
    Family(
        "sidecar_breaker_state", Kind.GAUGE, "1 for the state a breaker is in, 0 for the others.",
        ("provider", "scope", "state"), _breaker_states,
    ),
    Family(
        "sidecar_breaker_transitions", Kind.COUNTER, "Changes of a breaker's state, by the new one.",
        ("provider", "scope", "to"), _breaker_transitions,
    ),
    Family(
        "sidecar_auth_failures", Kind.COUNTER,
        "Answers 401 and 403 of a provider: credentials that are wrong, or have run out.",
        ("provider", "code"), _auth_failures,
    ),
    Family(
        "sidecar_rate_wait_seconds", Kind.HISTOGRAM,
        "Time that calls waited for their turn under rate; calls that did not wait are not counted.",
        PROVIDER, waits(lambda provider: provider.policies.rate_wait), "seconds",
    ),
    Family(
        "sidecar_rate_remaining", Kind.GAUGE,
        "Calls that may go at once under rate: by the limit set, or by what the provider said of its own.",
        PROVIDER, _asked(lambda policies: policies.rate_remaining),
    ),
    Family(
        "sidecar_rate_limit", Kind.GAUGE, "Calls per second at most under rate, as set or as learned.",
        PROVIDER, _asked(lambda policies: policies.rate_limit),
    ),
    Family(
        "sidecar_rate_held_seconds", Kind.GAUGE, "How long rate still lets no call go, because the provider said so.",
        PROVIDER, _asked(lambda policies: policies.rate_held), "seconds",
    ),
    Family(
        "sidecar_slots_in_use", Kind.GAUGE, "Calls to a provider at this moment, as concurrency counts them.",
        PROVIDER, _asked(lambda policies: policies.slots_in_use),
    ),
    Family(
        "sidecar_slots_limit", Kind.GAUGE, "Calls at once at most under concurrency, as set or as adapted.",
        PROVIDER, _asked(lambda policies: policies.slot_limit),
    ),
    Family(
        "sidecar_slot_wait_seconds", Kind.HISTOGRAM,
        "Time that calls waited for a slot under concurrency; calls that did not wait are not counted.",
        PROVIDER, waits(lambda provider: provider.policies.slot_wait), "seconds",
    ),
    Family(
        "sidecar_success_unread", Kind.COUNTER, "Answers too long, or streamed, for a rule under success or throttled.",
        PROVIDER, per_provider(lambda provider: provider.policies.unread),
    ),
    Family(
        "sidecar_fallbacks", Kind.COUNTER, "Calls answered by fallback, by the reason.",
        ("provider", "reason"), _by_name(lambda policies: policies.fallbacks),
    ),
    Family(
        "sidecar_kill_switch", Kind.GAUGE, "1 while calls to a provider are switched off.",
        PROVIDER, per_provider(lambda provider: provider.policies.killed),
    ),
    Family(
        "sidecar_faults_enabled", Kind.GAUGE, "1 while faults may be injected into calls to a provider.",
        PROVIDER, per_provider(lambda provider: provider.policies.faults_on),
    ),
    Family(
        "sidecar_faults_injected", Kind.COUNTER, "Faults injected on purpose, by kind.",
        ("provider", "kind"), _by_name(lambda policies: policies.faults),
    ),
    Family(
        "sidecar_observed", Kind.COUNTER, "What a policy in mode observe would have done.",
        ("provider", "policy", "what"), _observed,
    ),
)  # fmt: skip
"""In the order of ``/metrics``."""
