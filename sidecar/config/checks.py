"""Mistakes that no single value shows: two listeners on one address, a name used twice, half a certificate."""

import re
from collections.abc import Iterator
from pathlib import Path

from sidecar.config.fields import Listen
from sidecar.config.model import Config, Provider
from sidecar.config.nodes import Node, Place, show_path
from sidecar.config.problem import Problem, Source
from sidecar.config.wording import walk, walk_own
from sidecar.telemetry.otlp import missing

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")

Steps = tuple[str | int, ...]


def check_names(root: Node, source: Source) -> list[Problem]:
    """Provider names; they are path prefixes and metric labels, so their alphabet is small."""
    providers = root.at("providers")
    found = []
    for name, node in (providers.value if providers and isinstance(providers.value, dict) else {}).items():
        if not _NAME.fullmatch(name) or len(name) > 63:
            message = f"'{name}' cannot be the name of a provider"
            near = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:63]
            hint = f"did you mean '{near}'?" if near else "use lower-case letters, digits, '-' and '_'"
            place = node.key_place or node.place
            found.append(source.problem(place, show_path(("providers", name)), message, hint))
    return found


def check_config(config: Config, root: Node, source: Source, folder: Path) -> list[Problem]:
    """Everything that can be said once each value by itself is right. ``folder``: where relative paths start."""
    found = [*_listeners(config, root, source), *_hosts(config, root, source), *_telemetry(config, root, source)]
    for name, provider in config.providers.items():
        found += _routes(name, provider, root, source)
        found += _tls(name, provider, root, source, folder)
    return found


def tls_files(config: Config, folder: Path) -> list[Path]:
    """The certificate files the configuration names."""
    tls = [provider.tls for provider in config.providers.values()]
    return [folder / name for one in tls for name in (one.ca, one.cert, one.key) if name]


def place_of(root: Node, steps: Steps) -> Place:
    """Where a value stands; where it is a default or a preset's, the nearest key above it."""
    node, count = walk_own(root, steps)
    return node.place if count == len(steps) else node.key_place or node.place


def _listeners(config: Config, root: Node, source: Source) -> Iterator[Problem]:
    all_of_them: list[tuple[Steps, Listen]] = [
        (("listen",), config.listen),
        (("ops", "listen"), config.ops.listen),
        (("admin", "listen"), config.admin.listen),
    ]
    for name, provider in config.providers.items():
        if provider.listen is not None:
            all_of_them.append((("providers", name, "listen"), provider.listen))
    for index, (steps, listen) in enumerate(all_of_them):
        for other_steps, other in all_of_them[:index]:
            if listen.clashes(other):
                written = steps if walk(root, steps)[1] == len(steps) else other_steps
                taken = other_steps if written is steps else steps
                message = f"{listen} is already taken by {show_path(taken)} ({other})"
                place = place_of(root, written)
                yield source.problem(place, show_path(written), message, "choose another port")
                break


def _hosts(config: Config, root: Node, source: Source) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for name, provider in config.providers.items():
        for host in provider.host:
            first = owner.setdefault(host, name)
            if first != name:
                steps = ("providers", name, "host")
                message = f"the host {host} already leads to providers.{first}"
                yield source.problem(
                    place_of(root, steps), show_path(steps), message, "each host leads to one provider"
                )


def _routes(name: str, provider: Provider, root: Node, source: Source) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, route in enumerate(provider.routes):
        if route.name in seen:
            steps = ("providers", name, "routes", index, "name")
            message = f"the route name '{route.name}' is used twice in this provider"
            yield source.problem(
                place_of(root, steps), show_path(steps), message, "logs and metrics tell routes by name"
            )
        seen.add(route.name)


def _tls(name: str, provider: Provider, root: Node, source: Source, folder: Path) -> Iterator[Problem]:
    tls = provider.tls
    base: Steps = ("providers", name, "tls")
    if tls != type(tls)() and provider.base_url.scheme == "http":
        message = "tls is set, but base_url is plain http"
        yield source.problem(
            place_of(root, base), show_path(base), message, "write https:// in base_url, or take tls out"
        )
    if bool(tls.cert) != bool(tls.key):
        have, miss = ("cert", "key") if tls.cert else ("key", "cert")
        message = f"tls.{have} without tls.{miss}"
        yield source.problem(
            place_of(root, (*base, have)), show_path(base), message, f"add {miss}: /path/to/{miss}.pem"
        )
    for field in ("ca", "cert", "key"):
        file = getattr(tls, field)
        if file and not _readable(folder / file):
            steps = (*base, field)
            message = f"the file {file} cannot be read"
            yield source.problem(place_of(root, steps), show_path(steps), message, "check the path and its permissions")


def _telemetry(config: Config, root: Node, source: Source) -> Iterator[Problem]:
    """Spans need an extra. Looked for only where they are asked for: nothing of it is loaded otherwise."""
    if config.telemetry.otlp.endpoint is None:
        return
    lacking = missing()
    if lacking:
        steps = ("telemetry", "otlp", "endpoint")
        message = f"spans need packages that are not installed ({lacking})"
        hint = 'run: pip install "resilience-sidecar[otlp]", or take endpoint out'
        yield source.problem(place_of(root, steps), show_path(steps), message, hint)


def _readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except (OSError, ValueError):
        return False
