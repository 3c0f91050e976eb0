"""What makes docs/policies.md: the order of the policies, and for each its words, its settings and its example."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from sidecar.config.schema import plain_text
from sidecar.config.shape import is_model, members
from sidecar.policies.order import ORDER
from sidecar.policies.policy import Policy

EXAMPLES = Path(__file__).resolve().parent / "examples"
"""One configuration for each key; its comment says what happens."""

Table = Callable[[type[BaseModel], str], str]
"""Writes the settings of one model below a heading."""

INTRO = """# Policies

{made}

A policy is one thing that the sidecar does for a call. Each call walks through them in this order, and its answer back:

{order}

A policy with a key is set under a provider, a route or `defaults` (see [configuration.md](configuration.md) for which
of them wins). `retry`, `breaker`, `rate`, `concurrency`, `success`, `throttled`, `fallback` and `faults` are off until
somebody writes their key: you, a profile or a preset. `breaker: off` takes one away again, for one route if you like;
with `mode: observe` it only counts what it would have done (`sidecar_observed_total`), and does nothing. The kill
switch is `enabled: false`, or turned by hand: [admin.md](admin.md).

What each attempt came to is one verdict, which log, metrics, `Sidecar-Outcome` and every policy read:

| verdict | when | retried | breaker | `rate`, `concurrency: adaptive` |
|---|---|---|---|---|
| `success` | 1xx, 2xx, 3xx, unless `success` says no | no | good | good |
| `client_error` | 4xx: the request was at fault | no | does not count | good |
| `throttled` | 429, or the provider's own words for it | `429` | does not count, see `on_throttle` | slows down |
| `server_error` | 5xx, or an answer that `success` found to be none | its status, `failure` | failure | slows down |
| `timeout` | no answer in time | `timeout`; `connect` while nothing was sent | failure | slows down |
| `network_error` | no connection, or it broke | `connect`, `reset` | failure | |
| `refused` | the sidecar's own doing: `breaker_open`, `rate_limited` ... | no | does not count | |
| `canceled` | the app went away | no | does not count | |

`sent=maybe` beside it means: bytes had gone out and no complete answer came, so the provider may have acted.
"""


def policies(made: str, table: Table) -> str:
    """The page. ``made``: the remark that it is made; ``table``: see ``Table``."""
    order = "\n".join(f"{n}. {_line(policy)}" for n, policy in enumerate(ORDER, 1))
    return INTRO.format(made=made, order=order) + "".join(_section(policy, table) for policy in ORDER if policy.key)


def _line(policy: Policy) -> str:
    about = _about(policy).partition("\n")[0].replace("``", "`")
    name = f"[`{policy.key}`](#{policy.key})" if policy.key else policy.name
    return f"{name}: {about[0].lower()}{about[1:]}"


def _section(policy: Policy, table: Table) -> str:
    assert policy.key is not None
    assert policy.settings is not None
    text = f"\n## {policy.key}\n\n{plain_text(_about(policy))}\n"
    for path, kind in _models(policy.key, policy.settings):
        text += table(kind, f"`{path}`").replace("\n## ", "\n### Settings: ", 1)
    example = EXAMPLES / f"{policy.key}.yaml"
    lines = example.read_text(encoding="utf-8").splitlines()
    said = " ".join(line[2:] for line in lines if line.startswith("# "))
    config = "\n".join(line for line in lines if not line.startswith("# "))
    return f"{text}\n### Example: `{policy.key}`\n\n{said}\n\n```yaml\n{config}\n```\n"


def _about(policy: Policy) -> str:
    """The docstring of the policy's own file."""
    module: ModuleType = sys.modules[policy.build.__module__]
    return module.__doc__ or ""


def _models(path: str, kind: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """A settings model and those inside it, each with where it is written."""
    yield path, kind
    for name, field in kind.model_fields.items():
        for one in members(field.annotation):
            for inner in (one, *getattr(one, "__args__", ())):
                if is_model(inner):
                    yield from _models(f"{path}.{name}", inner)
