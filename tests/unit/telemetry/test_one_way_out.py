"""What calls carry leaves the process by one way: through the redactor, and then through the log.

The test reads the code. It finds every place that could write anything anywhere, and compares with the list of those
that may, each with the reason why nothing of a call can leave there unredacted.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import sidecar

ROOT = Path(sidecar.__file__).parent

LOG = "the log: what an event says is redacted here, a call's line by who makes it"
COMMAND = "a command of its own: it talks to who called it, about the configuration or the admin API's answers"
FILE = "state of the sidecar itself: switches and the admin token"
DEMO = "shows the demo's own calls, which the demo has made up itself"

MAY_WRITE: dict[str, tuple[set[str], str]] = {
    "telemetry/outputs.py": ({"os.open", "os.write"}, LOG),
    "telemetry/strays.py": (
        {
            "import logging", "import traceback", "import warnings", "sys.excepthook", "sys.unraisablehook",
            "traceback.format_exception",
        },
        "turns what the interpreter and libraries write into events of the log",
    ),
    "policies/rescue.py": ({"import traceback", "traceback.format_exception"}, "a field of an event of the log"),
    "policies/success.py": ({"import warnings", "warnings.filterwarnings"}, "silences a warning about a field's name"),
    "policies/throttled.py": ({"import warnings", "warnings.filterwarnings"}, "as in success.py"),
    "policies/fallback.py": ({"import warnings", "warnings.filterwarnings"}, "as in success.py"),
    "admin/private_file.py": ({"open", "os.open", ".write"}, FILE),
    "admin/access.py": ({"os.open"}, "reads a token file"),
    "telemetry/process.py": ({"open"}, "reads /proc"),
    "cli/run.py": ({"click.echo", "os.open", "sys.excepthook"}, "warnings of the configuration; crashes go to the log"),
    "cli/output.py": ({"click.echo"}, COMMAND),
    "cli/check.py": ({"click.echo"}, COMMAND),
    "cli/explain.py": ({"click.echo"}, COMMAND),
    "cli/schema.py": ({"click.echo"}, COMMAND),
    "cli/shutdown.py": ({"click.echo"}, COMMAND),
    "cli/support.py": ({"click.echo"}, "support packets, which were redacted when they were made"),
    "cli/redact.py": ({"click.echo", "os.open", "sys.stdout", ".write"}, "writes what the redactor gave it"),
    "cli/demo.py": ({"sys.stdout"}, "asks whether there is a terminal"),
    "demo/plain.py": ({"click.echo"}, DEMO),
    "demo/live.py": ({".print"}, DEMO),
    "demo/provider.py": ({"sys.stderr", "sys.stdout", ".write"}, "its address; the text of a bug is redacted"),
    "demo/client.py": ({".write"}, "sends the demo's own calls to the sidecar"),
    "demo/stage.py": ({".write_text", ".open"}, "the demo's own configuration, and where its sidecar's output goes"),
}  # fmt: skip
"""File -> ways out that it uses, and why it may."""

MAKES_LINES = {"policies/record.py", "policies/report.py"}
"""Who writes the line of a call. What it holds of the call has passed the redactor of the call's route."""

_MODULES = ("logging", "traceback", "warnings", "faulthandler", "syslog", "cgitb", "pdb", "pprint")
_BARE = ("print", "open", "breakpoint", "input", "secho", "echo")
_DOTTED = (
    "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "sys.excepthook", "sys.unraisablehook", "os.write",
    "os.open", "os.writev", "os.pwrite", "os.system", "click.echo", "click.secho", "click.echo_via_pager",
)  # fmt: skip
_METHODS = ("write_text", "write_bytes", "print", "print_exc", "print_exception", "call_exception_handler")
_HARMLESS = ("warnings.catch_warnings", "traceback.TracebackException")


def ways_out(tree: ast.AST) -> set[str]:
    """The names of everything in this code that may write somewhere."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            found |= {f"import {name}" for name in names if name.split(".")[0] in _MODULES}
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if name in _DOTTED or (name.split(".")[0] in ("traceback", "warnings") and name not in _HARMLESS):
                found.add(name)
        elif isinstance(node, ast.Call):
            found |= _called(node)
    return {name for name in found if not name.startswith("warnings.showwarning")}


def _called(node: ast.Call) -> set[str]:
    if isinstance(node.func, ast.Name) and node.func.id in _BARE:
        return {node.func.id}
    if isinstance(node.func, ast.Attribute):
        name, owner = node.func.attr, ast.unparse(node.func.value)
        writes = name == "write" and owner != "os" and not owner.endswith("transport")
        mode = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        opens = name == "open" and isinstance(mode, str) and bool(set("wax+") & set(mode))
        if name in _METHODS or writes or opens:
            return {f".{name}"}
    return set()


def parsed() -> dict[str, ast.AST]:
    files = sorted(ROOT.rglob("*.py"))
    assert len(files) > 100
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in files}


TREES = parsed()


def test_nothing_else_writes_anything_anywhere() -> None:
    found = {name: ways for name, tree in TREES.items() if (ways := ways_out(tree))}
    assert found == {name: ways for name, (ways, _) in MAY_WRITE.items()}


def test_every_exception_has_a_reason() -> None:
    assert [name for name, (ways, why) in MAY_WRITE.items() if not ways or len(why) < 10] == []


def test_only_the_layer_of_the_log_line_writes_lines() -> None:
    """``log.line`` redacts nothing: whoever reaches for it, even without calling it, must be on the list."""
    users = defaultdict(set)
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "line" and "log" in ast.unparse(node.value).lower():
                users[name].add(ast.unparse(node))
    assert set(users) <= MAKES_LINES
    assert users, "the name has changed: this test looks for nothing"


def test_only_the_log_has_its_outputs() -> None:
    """An ``Output`` writes what it is given as it is."""
    users = [
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "sidecar.telemetry.outputs"
    ]
    assert set(users) == {"runtime.py", "telemetry/access_log.py"}


def test_only_one_file_sends_to_a_collector_and_only_one_makes_what_it_sends() -> None:
    """Texts of spans pass the redactor where spans are made; what takes them does not look at them."""
    clients = set()
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            named = [node.module] if isinstance(node, ast.ImportFrom) else []
            named += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            clients |= {name for one in named if one in ("http.client", "urllib.request", "requests")}
    assert clients == {"telemetry/otlp.py", "telemetry/spans.py", "cli/admin_client.py"}
    makers = {
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Span"
    }
    assert makers == {"policies/tracing.py"}


def test_every_log_is_made_with_the_redactor() -> None:
    made = [
        ast.unparse(node)
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "AccessLog"
    ]
    assert made == ["AccessLog(outputs, env, stats, DEFAULT.text, settings.level)"]


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("print(request)", "print"),
        ("import logging", "import logging"),
        ("from logging import getLogger", "import logging"),
        ("import logging.handlers as h", "import logging.handlers"),
        ("sys.stderr.write(text)", "sys.stderr"),
        ("print(x, file=sys.stderr)", "print"),
        ("out = sys.stdout", "sys.stdout"),
        ("os.write(2, data)", "os.write"),
        ("open(path, 'w')", "open"),
        ("path.open('ab')", ".open"),
        ("path.write_text(text)", ".write_text"),
        ("file.write(text)", ".write"),
        ("click.echo(text)", "click.echo"),
        ("traceback.print_exc()", "traceback.print_exc"),
        ("warnings.warn(text)", "warnings.warn"),
        ("console.print(text)", ".print"),
        ("loop.call_exception_handler({})", ".call_exception_handler"),
    ],
)
def test_each_way_out_would_be_found(code: str, way: str) -> None:
    assert way in ways_out(ast.parse(code))


@pytest.mark.parametrize(
    "code", ["self._transport.write(data)", "path.open('rb')", "warnings.catch_warnings()", "raise ValueError(text)"]
)
def test_what_is_no_way_out(code: str) -> None:
    assert ways_out(ast.parse(code)) == set()
