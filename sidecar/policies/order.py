"""The request's journey through the policies: the only list, outermost first.

Read aloud: a call is tracked, traced, recorded and rescued from errors; a fallback may answer for it, the kill switch
may stop it, a fault may be put in its way; it gets a deadline; its answer's links are led back through the sidecar; its
headers are set and its intention is named; it is sent, and sent again. Each attempt is admitted by the breaker, waits
for its turn and for a slot, and is judged and timed.

Why so: retry stands outside of breaker, rate and concurrency, so that every attempt is judged and counted, and a retry
that waits holds nothing. Breaker before rate: a call that fails fast wastes no turn. Fallback outside of the kill
switch: it answers for that as well. Record outside of rescue: it sees the final status and the cause; tracing
outside of record: it sees what record has written down. The
kill switch is asked again before each send: a call may have waited for long since it came.
"""

from sidecar.core.layer import Handler
from sidecar.policies import (
    attempt,
    breaker,
    concurrency,
    deadline,
    fallback,
    faults,
    headers,
    idempotency,
    kill,
    rate,
    record,
    redaction,
    rescue,
    retry,
    rewrite,
    success,
    throttled,
    tracing,
    tracking,
)
from sidecar.policies.policy import Policy
from sidecar.policies.site import Site

ORDER: tuple[Policy, ...] = (
    tracking.POLICY,
    tracing.POLICY,
    record.POLICY,
    redaction.POLICY,
    rescue.POLICY,
    fallback.POLICY,
    kill.POLICY,
    faults.POLICY,
    deadline.POLICY,
    rewrite.POLICY,
    headers.POLICY,
    idempotency.POLICY,
    retry.POLICY,
    breaker.POLICY,
    rate.POLICY,
    concurrency.POLICY,
    kill.AGAIN,
    success.POLICY,
    throttled.POLICY,
    attempt.POLICY,
)


OWN_ANSWERS = ORDER[: ORDER.index(rescue.POLICY) + 1]
"""What a request goes through that reaches no provider: it is tracked, recorded and answered."""


def fold(inner: Handler, site: Site, policies: tuple[Policy, ...] = ORDER) -> Handler:
    """Build the stack of one route around its innermost handler; once, when the configuration loads."""
    for policy in reversed(policies):
        inner = policy.build(inner, site)
    return inner
