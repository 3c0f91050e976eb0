"""Whatever a file holds, ``load`` gives a configuration or a report: never another error."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.config.load import load
from sidecar.config.problem import ConfigErrors

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
SEEDS = [EXAMPLE] + [
    path.read_text(encoding="utf-8", errors="replace") for path in sorted(ROOT.glob("tests/config/*/*.yaml"))
]
PIECES = [
    "${", "}", "${file:", "$", ":", " ", "\n", "\t", "- ", "&a ", "*a", "<<: ", "!!x ", "'", '"', "{", "[", "]", "|",
    "%", "#", "---\n", "null", "~", "true", "1e99", ".inf", ".nan", "0x1F", "-1", "9" * 30, "1" + "0" * 400 + "s", ">",
    "\x85", "\u2028", "\ufeff", "\0", "é", "🙂", "://", "[::1", "**", "{id}", "@", "\\",
]  # fmt: skip


def problems_of(path):
    try:
        return list(load(path, {"NAME": "value"}).warnings)
    except ConfigErrors as errors:
        return errors.problems


@st.composite
def mutated(draw):
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)))
        text = text[:start] + piece + text[end:]
    return text.encode("utf-8", "surrogatepass")


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(content=mutated())
def test_a_mutated_file_is_loaded_or_reported(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "mutated.yaml"
    path.write_bytes(content)
    for problem in problems_of(path):
        lines = problem.render().split("\n")
        assert len(lines) in {1, 3}
        assert len(lines) == 1 or problem.column <= len(problem.source) + 1


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200))
def test_any_bytes_are_reported(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(content)
    assert problems_of(path) != []
