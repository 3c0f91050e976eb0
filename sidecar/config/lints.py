"""Warnings: what is allowed, and rarely what was meant."""

from collections.abc import Callable, Iterator, Mapping

from sidecar.config.checks import Steps
from sidecar.config.fields import Listen, is_loopback
from sidecar.config.merge import Stack
from sidecar.config.model import Config, Match
from sidecar.config.nodes import Node
from sidecar.config.policy_lints import lint_policies
from sidecar.config.problem import Problem, Source, is_secret_name
from sidecar.config.subject import Subject
from sidecar.config.wording import walk
from sidecar.core.units import show_duration
from sidecar.policies.timeouts import Timeouts


def lint(
    config: Config, stacks: Mapping[tuple[str, str | None], Stack], root: Node, source: Source
) -> Iterator[Problem]:
    """Every warning of every rule."""
    subject = Subject(config, stacks, root, source)
    for rule in RULES:
        yield from rule(subject)


def plain_secret(subject: Subject) -> Iterator[Problem]:
    """A secret that stands in the file itself ends in version control."""
    hint = "keep it in a file and write ${file:/run/secrets/name}, or ${NAME} for the environment"
    if _written_plain(walk(subject.root, ("admin", "token")), 2):
        yield subject.warn(("admin", "token"), "a secret is written in plain", hint)
    collector: Steps = ("telemetry", "otlp", "headers")
    sent, count = walk(subject.root, collector)
    for name, node in (sent.value if count == 3 and isinstance(sent.value, dict) else {}).items():
        if is_secret_name(name) and _written_plain((node, 0), 0):
            yield subject.warn((*collector, name), "a secret is written in plain", hint)
    for steps, level in _policy_levels(subject):
        values = level.at("headers")
        headers = values.at("set") if values else None
        for name, node in (headers.value if headers and isinstance(headers.value, dict) else {}).items():
            if is_secret_name(name) and _written_plain((node, 0), 0):
                yield subject.warn((*steps, "headers", "set", name), "a secret is written in plain", hint)
    for name in subject.config.providers:
        steps = ("providers", name, "proxy")
        found = walk(subject.root, steps)
        if "@" in found[0].written and _written_plain(found, 3):
            yield subject.warn(steps, "the proxy's password is written in plain", hint)


def times_that_never_run_out(subject: Subject) -> Iterator[Problem]:
    """A time limit longer than the one around it never ends anything."""
    for stack in subject.stacks.values():
        times = stack.settings.get("timeouts")
        if not isinstance(times, Timeouts):
            continue
        pairs = [("attempt", times.attempt, "total", times.total), ("head", times.head, "total", times.total)]
        if times.attempt:
            pairs.append(("head", times.head, "attempt", times.attempt))
            connecting = times.connect + times.tls
            pairs.append(("connect + tls", connecting, "attempt", times.attempt))
        for inner, length, outer, limit in pairs:
            if length > limit > 0:
                names = [f"timeouts.{name}" for name in (*inner.split(" + "), outer)]
                message = (
                    f"{inner} ({show_duration(length)}) is longer than {outer} ({show_duration(limit)}), "
                    f"which ends the call first"
                )
                yield from subject.doubt(stack, names, message, f"shorten {inner}, or give {outer} more time")


def open_to_the_network(subject: Subject) -> Iterator[Problem]:
    """Who reaches the data plane uses the providers' credentials; who reaches the admin API changes the rest."""
    config = subject.config
    if not config.admin.listen.loopback:
        hint = "keep it on 127.0.0.1 and use kubectl port-forward"
        yield subject.warn(("admin", "listen"), "the admin API can be reached from other machines", hint)
    listeners: list[tuple[Steps, Listen]] = [(("listen",), config.listen)]
    for name, provider in config.providers.items():
        if provider.listen is not None:
            listeners.append((("providers", name, "listen"), provider.listen))
    for steps, listen in listeners:
        if not listen.loopback:
            message = "other machines can call the providers through this address, with the credentials set here"
            yield subject.warn(steps, message, "listen on 127.0.0.1; in a pod the app shares it")


def clear_text(subject: Subject) -> Iterator[Problem]:
    """Credentials and data to an http provider can be read on the way."""
    for name, provider in subject.config.providers.items():
        url = provider.base_url
        if url.scheme == "http" and not is_loopback(url.host):
            steps = ("providers", name, "base_url")
            yield subject.warn(steps, "calls leave this machine unencrypted, credentials too", "use https://")


def pool_sizes(subject: Subject) -> Iterator[Problem]:
    """Bounds of a pool that cannot all hold."""
    for name, provider in subject.config.providers.items():
        pool, steps = provider.pool, ("providers", name, "pool")
        # A default max_idle above a small max_connections harms nobody: the smaller one holds.
        if pool.max_idle > pool.max_connections and "max_idle" in pool.model_fields_set:
            message = f"max_idle ({pool.max_idle}) is more than max_connections ({pool.max_connections})"
            yield subject.warn((*steps, "max_idle"), message, "at most max_connections can be idle")
        kept, bound = min((pool.max_idle, "max_idle"), (pool.max_connections, "max_connections"))
        if pool.prewarm > kept:
            message = f"prewarm ({pool.prewarm}) is more than {bound} ({kept}) lets stay open"
            yield subject.warn((*steps, "prewarm"), message, f"raise {bound}, or prewarm fewer")


def unreachable_routes(subject: Subject) -> Iterator[Problem]:
    """The first route that matches is taken, so one behind a wider one never is."""
    for name, provider in subject.config.providers.items():
        for index, route in enumerate(provider.routes):
            if walk(subject.root, ("providers", name, "routes", index))[0].file:
                continue  # a preset's route, which the user may well take over
            for earlier in provider.routes[:index]:
                if covers(earlier.match, route.match):
                    steps = ("providers", name, "routes", index)
                    message = f"the route '{route.name}' never matches: '{earlier.name}' above takes its calls"
                    yield subject.warn(steps, message, "move it up")
                    break


RULES: tuple[Callable[[Subject], Iterator[Problem]], ...] = (
    plain_secret,
    times_that_never_run_out,
    open_to_the_network,
    clear_text,
    pool_sizes,
    unreachable_routes,
    lint_policies,
)
"""Every rule; a new one needs a line here and a case in the tests."""


def covers(wide: Match, narrow: Match) -> bool:
    """Whether every call that ``narrow`` matches is matched by ``wide`` too."""
    if wide.methods is not None and not set(narrow.methods or ("",)) <= set(wide.methods):
        return False
    if wide.path in {None, narrow.path, "/**"}:
        return True
    if wide.path is None or narrow.path is None:
        return False
    ours, theirs = wide.path[1:].split("/"), narrow.path[1:].split("/")
    for index, segment in enumerate(ours):
        if segment == "**":
            return len(theirs) > index
        if index >= len(theirs) or theirs[index] == "**":
            return False
        if segment != theirs[index] and not (segment.startswith("{") and theirs[index]):
            return False
    return len(ours) == len(theirs)


def _policy_levels(subject: Subject) -> Iterator[tuple[Steps, Node]]:
    """Every mapping in which policy keys may stand, with its path."""
    defaults = subject.root.at("defaults")
    if defaults is not None:
        yield ("defaults",), defaults
    for name in subject.config.providers:
        steps: Steps = ("providers", name)
        provider, _ = walk(subject.root, steps)
        yield steps, provider
        routes = provider.at("routes")
        for index, route in enumerate(routes.value if routes else []):
            yield (*steps, "routes", index), route


def _written_plain(found: tuple[Node, int], steps: int) -> bool:
    """Whether a value stands in the file as it is, or as the default of a variable."""
    node, count = found
    return count == steps and bool(node.text) and ("${" not in node.written or ":-" in node.written)
