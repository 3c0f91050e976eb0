"""The request's journey through the policies: the only list, outermost first.

Read aloud: a call is tracked, recorded, rescued from errors, given a deadline; its answer's links are led back
through the sidecar, its headers are set, and each attempt is timed.

What comes later has its place here: kill switch, faults and fallback between rescue and deadline; idempotency,
cache and outbox after deadline; retry after headers, and inside it, in this order, breaker, rate and slot, so
that every attempt is judged and counted and a waiting retry holds nothing.
"""

from sidecar.core.layer import Handler
from sidecar.policies import attempt, deadline, headers, record, rescue, rewrite, tracking
from sidecar.policies.policy import Policy
from sidecar.policies.site import Site

ORDER: tuple[Policy, ...] = (
    tracking.POLICY,
    record.POLICY,
    rescue.POLICY,
    deadline.POLICY,
    rewrite.POLICY,
    headers.POLICY,
    attempt.POLICY,
)


OWN_ANSWERS = ORDER[: ORDER.index(rescue.POLICY) + 1]
"""What a request goes through that reaches no provider: it is tracked, recorded and answered."""


def fold(inner: Handler, site: Site, policies: tuple[Policy, ...] = ORDER) -> Handler:
    """Build the stack of one route around its innermost handler; once, when the configuration loads."""
    for policy in reversed(policies):
        inner = policy.build(inner, site)
    return inner
