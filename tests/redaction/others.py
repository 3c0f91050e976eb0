"""Other tools on the same data: each takes text and gives what it would hide; absent ones say how to install them.

They are given the decoded text of a body, as none of them reads codings, and only their detectors of what the corpus
labels: those for plain URLs, dates, time zones and user names would hide half of every body.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.redaction.engine import Answer
from tests.redaction.labels import Case

Span = tuple[int, int, str]
Find = Callable[[str], Iterable[Span]]

HOW_TO_INSTALL = "pip install --require-hashes -r requirements/report.txt"


def presidio() -> Find:
    """presidio-analyzer with its default pattern recognisers, no language model, scores from 0.4."""
    analyzer = import_module("presidio_analyzer")
    no_op = import_module("presidio_analyzer.nlp_engine").NoOpNlpEngine
    registry = analyzer.RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.remove_recognizer("SpacyRecognizer")
    nlp = no_op(models=[{"lang_code": "en", "model_name": "no_op"}])
    nlp.load()
    engine = analyzer.AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])
    kinds = {
        "CREDIT_CARD": "card_number",
        "EMAIL_ADDRESS": "email",
        "IBAN_CODE": "iban",
        "IP_ADDRESS": "ip",
        "PHONE_NUMBER": "phone",
        "US_SSN": "ssn",
        "US_BANK_NUMBER": "account_number",
        "US_DRIVER_LICENSE": "licence",
        "US_PASSPORT": "passport",
        "US_ITIN": "tax_id",
        "UK_NHS": "national_id",
        "MEDICAL_LICENSE": "medical_id",
    }

    def find(text: str) -> Iterable[Span]:
        results = engine.analyze(text=text, language="en", entities=list(kinds), score_threshold=0.4)
        return [(result.start, result.end, kinds[result.entity_type]) for result in results]

    return find


def scrubadub() -> Find:
    """The regular-expression detectors of scrubadub."""
    module = import_module("scrubadub")
    kinds = {
        "email": "email",
        "phone": "phone",
        "credit_card": "card_number",
        "social_security_number": "ssn",
        "credential": "password",
    }
    scrubber = module.Scrubber(detector_list=list(kinds))

    def find(text: str) -> Iterable[Span]:
        return [(filth.beg, filth.end, kinds.get(filth.detector_name, "secret")) for filth in scrubber.iter_filth(text)]

    return find


def datafog() -> Find:
    """The regular-expression engine of datafog, without dates and postal codes."""
    module = import_module("datafog")
    kinds = {"EMAIL": "email", "PHONE": "phone", "SSN": "ssn", "CREDIT_CARD": "card_number", "IP_ADDRESS": "ip"}

    def find(text: str) -> Iterable[Span]:
        entities = module.scan(text, engine="regex", entity_types=list(kinds)).entities
        return [(entity.start, entity.end, kinds[entity.type]) for entity in entities if entity.type in kinds]

    return find


def detect_secrets() -> Find:
    """detect-secrets with its default plugins and filters; it reads files, line by line."""
    scan = import_module("detect_secrets.core.scan")
    settings = import_module("detect_secrets.settings")
    path = Path(tempfile.mkdtemp()) / "case.txt"

    def find(text: str) -> Iterable[Span]:
        path.write_text(text, "utf-8", errors="replace", newline="")
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        with settings.default_settings():
            for secret in scan.scan_file(str(path)):
                at = text.find(secret.secret_value, starts[secret.line_number - 1]) if secret.secret_value else -1
                if at >= 0:
                    yield at, at + len(secret.secret_value), _secret_kind(secret.type)

    return find


def _secret_kind(plugin: str) -> str:
    if "JSON Web" in plugin:
        return "jwt"
    if "Basic Auth" in plugin:
        return "userinfo"
    if "Private Key" in plugin:
        return "private_key"
    return "password" if "Keyword" in plugin else "api_key"


TOOLS: dict[str, Callable[[], Find]] = {
    "presidio": presidio,
    "scrubadub": scrubadub,
    "datafog": datafog,
    "detect-secrets": detect_secrets,
}


def hide(find: Find, text: str) -> Answer:
    """A text with all that a tool found replaced by markers."""
    counts: Counter[str] = Counter()
    pieces, at = [], 0
    for start, end, kind in sorted(find(text), key=lambda span: (span[0], -span[1])):
        counts[kind] += 1
        if end <= at:
            continue
        pieces += [text[at : max(start, at)], f"[REDACTED:{kind}]"]
        at = end
    return Answer("".join([*pieces, text[at:]]), dict(counts))


def runner(find: Find) -> Callable[[Case], Answer]:
    """A tool as something that redacts a case."""

    def redact(case: Case) -> Answer:
        return hide(find, case.plain)

    return redact


def load(name: str) -> Find | None:
    """A tool, or nothing if it is not installed here."""
    try:
        return TOOLS[name]()
    except ImportError:
        return None


def version(name: str) -> Any:
    """The installed version of a tool."""
    metadata = import_module("importlib.metadata")
    return metadata.version({"presidio": "presidio-analyzer"}.get(name, name))
