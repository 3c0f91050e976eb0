"""What is written of a call beside its metadata: what it carried, for the log, and the support packet of a failure.

It is redacted first. That is work of microseconds for most calls, and of many milliseconds for some; where it is done
is up to telemetry/background.py, and the line is written when it is done.
"""

from typing import Any

import orjson

from sidecar.core.exchange import Exchange, Response
from sidecar.policies.capture import Capture
from sidecar.policies.evidence import Evidence, Told
from sidecar.policies.headers import HeaderRules
from sidecar.policies.packet import Moments, about, ids, moments, packet, without_bodies
from sidecar.policies.site import Site
from sidecar.redaction.found import Found
from sidecar.redaction.redactor import Redactor
from sidecar.telemetry.failures import Failure
from sidecar.telemetry.stats import ProviderStats

_LONG = 16
"""Characters from which on the value of a configured header may be a secret whose name does not say so."""
_NAMES = ("request_id", "tracking_id", "user_agent")
"""Fields of the log line whose text an app or a provider has chosen."""
_PUBLIC = frozenset({"user-agent", "accept", "accept-language", "content-type"})
"""Headers whose long values are none."""


class Reporter:
    """Reports on the calls of one route."""

    __slots__ = ("_about", "_base", "_limit", "_secrets", "site")

    def __init__(self, site: Site) -> None:
        origin = site.origin
        self.site = site
        self._limit = site.of("log", Capture).limit
        self._base = f"{origin.scheme}://{origin.authority}{origin.path}" if origin.host else ""
        self._about = about(site, self._base)
        self._secrets = _configured_secrets(site)

    def found(self) -> Found:
        """For one call. It knows the secrets that the sidecar itself sends: a provider may echo them."""
        found = Found()
        found.secrets.update(self._secrets)
        return found

    def report(
        self, record: dict[str, Any], exchange: Exchange, response: Response | None, *, logged: bool, kept: bool
    ) -> None:
        """Write the line with what the call carried (``logged``), and keep the call for support (``kept``)."""
        evidence = Evidence(exchange, response, self._limit, self._base)
        when = moments(exchange, self.site.env) if kept else None
        self.site.background.submit(_Report(self, record, evidence, when, logged=logged))

    def keep(self, content: dict[str, Any], encoded: bytes) -> None:
        """Put a packet into the ring; one that is larger than the ring, without its bodies."""
        failures, known = self.site.failures, ids(content)
        if not failures.add(Failure(known, encoded, self._about)):
            failures.add(Failure(known, orjson.dumps(without_bodies(content)), self._about))


class _Report:
    """One call on its way to the log and to the ring. A job for the background."""

    __slots__ = (
        "_content", "_encoded", "_evidence", "_found", "_line", "_logged", "_record", "_reporter", "_when", "size",
    )  # fmt: skip

    def __init__(
        self, reporter: Reporter, record: dict[str, Any], evidence: Evidence, when: Moments | None, *, logged: bool
    ) -> None:
        self.size = evidence.size
        self._reporter = reporter
        self._record = record
        self._evidence = evidence
        self._when = when
        self._logged = logged
        self._found = reporter.found()
        self._line = record
        self._content: dict[str, Any] | None = None
        self._encoded = b""

    def work(self) -> None:
        """Redact, and put line and packet together."""
        redactor = self._reporter.site.redactor
        told = self._evidence.redact(redactor, self._found)
        if self._found.secrets:
            _blank_in_names(self._record, redactor, self._found)
        line = _line(self._record, told, self._found)
        if self._when is not None:
            content = packet(line, told, self._when)
            self._encoded = orjson.dumps(content)
            self._content = content
        self._line = line

    def done(self) -> None:
        """Write it."""
        site = self._reporter.site
        count(site.provider_stats, self._found)
        if self._content is not None:
            self._reporter.keep(self._content, self._encoded)
        if self._logged:
            site.log.line(self._line)

    def give_up(self) -> None:
        """Write it without bodies; and if that fails as well, the metadata alone. A call has its line in any case."""
        self._found = self._reporter.found()
        self._found.failures += 1
        self._evidence.leave_bodies_out()
        try:
            self.work()
        except Exception:  # noqa: BLE001 - whatever broke, nothing of it may be shown
            self._line = self._record | {"redaction": "failed"}
            self._content = None
        self.done()


def count(stats: ProviderStats, found: Found) -> None:
    """Bring what was found into the metrics."""
    stats.redaction_failures += found.failures
    counts = stats.redactions
    for kind, times in found.counts.items():
        counts[kind] = counts.get(kind, 0) + times


def _blank_in_names(record: dict[str, Any], redactor: Redactor, found: Found) -> None:
    """Take the secrets of the call out of the texts by which app and call are named: an id may be a key."""
    for named in (record, *record["attempts"]):
        for field in _NAMES:
            text = named.get(field)
            if text:
                named[field] = redactor.text(text, found)


def _line(record: dict[str, Any], told: Told, found: Found) -> dict[str, Any]:
    """The record with everything that was told."""
    line = {**record, "path": told.path, "query": told.query}
    if told.detail:
        line["detail"] = told.detail
    line["request_headers"] = told.request.headers
    if told.answer is not None:
        line["response_headers"] = told.answer.headers
    if told.request.body is not None:
        line["request_body"] = told.request.body
    if told.answer is not None and told.answer.body is not None:
        line["response_body"] = told.answer.body
    if found.counts:
        line["redactions"] = found.counts
    return line


def _configured_secrets(site: Site) -> dict[str, str]:
    """Secrets among the headers that the configuration sets: by their names, and long values that look like keys."""
    rules = site.of("headers", HeaderRules).set
    pairs = [(name.encode("ascii"), value.strip().encode("ascii")) for name, value in rules.items()]
    found = Found()
    if not pairs:
        return found.secrets
    for name, shown in site.redactor.headers(pairs, found).items():
        word = shown.rpartition(" ")[2]
        mixed = any(one.isdigit() for one in word) and any(one.isalpha() for one in word)
        if len(word) >= _LONG and mixed and name not in _PUBLIC and "[REDACTED:" not in shown:
            found.secrets[word] = "credential"
    return found.secrets
