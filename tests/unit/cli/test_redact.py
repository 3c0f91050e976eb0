"""``sidecar redact``: a body in, its redacted form out."""

import gzip
import json
import subprocess
import sys

import pytest

from tests.support.child import child

CONFIG = """\
version: 1
redaction: {patterns: {employee_id: "E-[0-9]{6}"}}
providers:
  pay:
    base_url: https://api.pay.example
    redaction: {keys: {internal_ref: mask}, kinds: {email: partial}}
    routes:
      - {name: create, match: {methods: [POST], path: /v1/charges}, redaction: {mode: allow, keys: {id: keep}}}
      - {name: plain, match: {path: /v1/plain}}
  bare: {base_url: http://127.0.0.1:8000}
"""
BODY = '{"id": 7, "internal_ref": "x", "email": "jenny@corp.example", "by": "E-123456"}'
SECRETS = ("jenny", "corp.example", "Tr0ub4dor", "4242", "abcDEF1234")


@pytest.fixture
def redact(run, tmp_path):
    (tmp_path / "redact.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "one.yaml").write_text(CONFIG.split("  bare:", maxsplit=1)[0], encoding="utf-8")
    (tmp_path / "body.json").write_text(BODY, encoding="utf-8")

    def call(*arguments, **options):
        return run("redact", *arguments, **options)

    return call


def three_parts(result, what, where, todo, code):
    """An error in three parts, with its exit code."""
    assert result.exit_code == code
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[-3].startswith("error: ")
    assert what in lines[-3]
    assert lines[-2].startswith("where: ")
    assert where in lines[-2]
    assert lines[-1].startswith("do:    ")
    assert todo in lines[-1]


def test_standard_input_is_redacted_to_standard_output(redact):
    result = redact(input='{"password":"Tr0ub4dor3x"}')
    assert (result.exit_code, result.stdout, result.stderr) == (0, '{"password":"[REDACTED:password]"}', "")


def test_a_file_is_redacted(redact):
    result = redact("body.json")
    assert result.exit_code == 0
    assert result.stdout == BODY.replace("jenny@corp.example", "[REDACTED:email]").replace(": ", ":").replace(", ", ",")
    assert result.stderr == ""


def test_a_dash_is_standard_input(redact):
    assert redact("-", input="mail jenny@corp.example").stdout == "mail [REDACTED:email]"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", ""), ("\n", "\n"), ("clean\n", "clean\n"), ("a=1&token=abcDEF1234\n", "a=1&token=[REDACTED:token]\n"),
        ("<a><token>abcDEF1234</token></a>", "<a><token>[REDACTED:token]</token></a>"),
    ],
)  # fmt: skip
def test_what_a_body_is_is_found_out(redact, data, expected):
    result = redact(input=data)
    assert (result.exit_code, result.stdout) == (0, expected)


def test_the_content_type_decides_where_a_look_does_not(redact):
    assert (
        redact(
            input="token=abcDEF1234%20x y",
        ).stdout
        != redact("--content-type", "application/x-www-form-urlencoded", input="token=abcDEF1234%20x y").stdout
    )
    form = redact("--content-type", "application/x-www-form-urlencoded", input="pin=1234").stdout
    assert form == "pin=[REDACTED:pin]"


def test_the_content_encoding_is_undone(redact):
    packed = gzip.compress(b'{"password":"Tr0ub4dor3x"}')
    for options in ((), ("--content-encoding", "gzip")):
        assert redact(*options, input=packed).stdout == '{"password":"[REDACTED:password]"}'


def test_binary_input_is_told_by_type_length_and_hash(redact):
    result = redact(input=b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["binary"] == "image/png"


def test_invalid_utf8_is_replaced(redact):
    assert redact(input=b"\xff mail jenny@corp.example").stdout == "\ufffd mail [REDACTED:email]"


# ---- --lines ----


def lines(*bodies):
    return "".join(f"{json.dumps(body)}\n" for body in bodies)


def test_each_line_is_a_body(redact):
    result = redact("--lines", input=lines('{"password":"Tr0ub4dor3x"}', "mail jenny@corp.example\nnow", ""))
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        '{"password":"[REDACTED:password]"}', "mail [REDACTED:email]\nnow", "",
    ]  # fmt: skip


def test_the_last_line_may_lack_its_break(redact):
    assert redact("--lines", input='"a"\r\n"jenny@corp.example"').stdout == '"a"\n"[REDACTED:email]"\n'


def test_lines_share_the_content_type(redact):
    result = redact(
        "--lines", "--content-type", "application/x-www-form-urlencoded", input=lines("pin=1234", "pin=5678")
    )
    assert result.stdout == lines("pin=[REDACTED:pin]", "pin=[REDACTED:pin]")


def test_half_a_surrogate_pair_in_a_line_is_no_mistake(redact):
    result = redact("--lines", input='"\\ud800 jenny@corp.example"\n')
    assert result.exit_code == 0
    assert json.loads(result.stdout).endswith(" [REDACTED:email]")


def test_lines_that_are_no_json_strings_are_left_out_and_all_others_redacted(redact):
    bad = ["jenny@corp.example", '{"password":"Tr0ub4dor3x"}', "[1]", "12", "null", "", '"half', "[" * 100_000]
    result = redact("--lines", input="\n".join([lines("jenny@corp.example").strip(), *bad, lines("x").strip()]) + "\n")
    shown = result.stdout.splitlines()
    assert len(shown) == len(bad) + 2
    assert shown[0] == '"[REDACTED:email]"'
    assert shown[-1] == '"x"'
    assert all(json.loads(json.loads(line))["redaction"] == "failed" for line in shown[1:-1])
    assert result.exit_code == 1
    told = result.stderr.splitlines()
    assert told[0] == "line 2: not a JSON string, left out"
    assert len(told) == len(bad) + 3
    assert told[-3] == f"error: {len(bad)} bodies could not be redacted, and left out"
    assert not any(secret in result.output for secret in SECRETS)


def test_one_bad_line_is_one_body(redact):
    result = redact("--lines", input="x\n")
    assert result.stderr.splitlines()[1] == "error: 1 body could not be redacted, and left out"
    assert result.exit_code == 1


# ---- --explain ----


def test_what_was_found_is_told_without_the_value(redact):
    body = {
        "a": [{"password": "Tr0ub4dor3x"}],
        "note": "mail jenny@corp.example, card 4242 4242 4242 4242",
        "jenny@corp.example": {"token": "abcDEF1234"},
    }
    result = redact("--explain", input=json.dumps(body))
    assert result.exit_code == 0
    assert set(result.stderr.splitlines()) == {
        "password  /a/0/password  (key)", "email  /note  (detector)", "card_number  /note  (detector)",
        "token  /*/token  (key)", "email  /  (detector)",
    }  # fmt: skip
    assert not any(secret in result.output for secret in SECRETS)


@pytest.mark.parametrize(
    ("data", "content_type", "told"),
    [
        ("a=1&token=abcDEF1234", "", "token"), ("<r><token>abcDEF1234</token></r>", "", "token"),
        ("mail jenny@corp.example", "text/plain", "email  /  (detector)"),
        ('{"token":"abcDEF1234"}\n{"a":1}\n', "application/x-ndjson", "token  /token  (key)"),
    ],
)  # fmt: skip
def test_every_format_is_explained(redact, data, content_type, told):
    result = redact("--explain", "--content-type", content_type, input=data)
    assert told in result.stderr
    assert not any(secret in result.output for secret in SECRETS)


def test_lines_are_explained_with_their_numbers(redact):
    result = redact("--explain", "--lines", input=lines("x", "mail jenny@corp.example"))
    assert result.stderr == "line 2: email  /  (detector)\n"


def test_names_cannot_write_to_the_terminal(redact):
    result = redact("--explain", input=json.dumps({"\x1b[2J\n": {"password": "Tr0ub4dor3x"}}))
    assert result.stderr == "password  /\\x1b[2J\\n/password  (key)\n"


def test_clean_bodies_need_no_explanation(redact):
    assert redact("--explain", input='{"a": 1}').stderr == ""


# ---- rules of a configuration ----


def test_without_a_configuration_the_rules_are_those_that_always_hold(redact):
    assert json.loads(redact("body.json").stdout)["internal_ref"] == "x"


def test_the_rules_of_a_provider_hold(redact):
    result = redact("-c", "redact.yaml", "--provider", "pay", "body.json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {
        "id": 7, "internal_ref": "[REDACTED:internal_ref]", "email": "j***@corp.example",
        "by": "[REDACTED:employee_id]",
    }  # fmt: skip


def test_the_rules_of_a_route_hold(redact):
    allow = redact("-c", "redact.yaml", "--provider", "pay", "--route", "create", "body.json")
    shown = json.loads(allow.stdout)
    assert (shown["id"], shown["by"]) == (7, "<string, 8>")
    plain = redact("-c", "redact.yaml", "--provider", "pay", "--route", "plain", "body.json")
    assert plain.stdout == redact("-c", "redact.yaml", "--provider", "pay", "body.json").stdout


def test_a_provider_without_rules_has_those_at_the_top(redact):
    shown = json.loads(redact("-c", "redact.yaml", "--provider", "bare", "body.json").stdout)
    assert (shown["internal_ref"], shown["email"], shown["by"]) == ("x", "[REDACTED:email]", "[REDACTED:employee_id]")


def test_a_single_provider_needs_no_name(redact):
    assert json.loads(redact("-c", "one.yaml", "body.json").stdout)["internal_ref"] == "[REDACTED:internal_ref]"


@pytest.mark.parametrize(
    ("arguments", "what", "where", "todo", "code"),
    [
        (["missing.json"], "cannot read the file: No such file", "missing.json", "standard input", 1),
        (["."], "cannot read the file: Is a directory", ".", "standard input", 1),
        (["--provider", "pay"], "need its configuration", "--provider", "-c sidecar.yaml", 2),
        (["--route", "create"], "need its configuration", "--route", "-c sidecar.yaml", 2),
        (["-c", "redact.yaml"], "whose rules?", "redact.yaml", "--provider: pay, bare", 2),
        (["-c", "redact.yaml", "--provider", "pya"], "whose rules?", "redact.yaml", "--provider: pay, bare", 2),
        (["-c", "redact.yaml", "--provider", "pay", "--route", "x"], "no route 'x'", "redact.yaml", "create, plain", 2),
        (["-c", "redact.yaml", "--provider", "bare", "--route", "x"], "no route 'x'", "redact.yaml", "it has none", 2),
        (["-c", "missing.yaml"], "no configuration", "missing.yaml", "", 2),
        (["-c", "bad.yaml"], "mistakes in the configuration", "bad.yaml", "correct them", 2),
    ],
)
def test_mistakes_are_told_in_three_parts(redact, arguments, what, where, todo, code):
    three_parts(redact(*arguments, input="jenny@corp.example"), what, where, todo, code)


def test_help_names_every_option(redact):
    result = redact("--help")
    assert result.exit_code == 0
    for option in ("--content-type", "--content-encoding", "--lines", "--explain", "--config", "--provider", "--route"):
        assert option in result.stdout
    assert "Exit code:" in result.stdout


def test_help_and_the_list_of_commands_need_no_engine():
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom sidecar.cli.main import main\n"
        "assert 'redact' in CliRunner().invoke(main, ['--help']).stdout\n"
        "assert CliRunner().invoke(main, ['redact', '--help']).exit_code == 0\n"
        "assert 're2' not in sys.modules and 'pydantic' not in sys.modules, sorted(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    file = tmp_path / "bodies.txt"
    file.write_text(lines(*[f"body {number}" + "x" * 900 for number in range(3000)]), encoding="utf-8")
    command = [sys.executable, "-m", "sidecar.cli.main", "redact", "--lines", str(file)]
    with child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'"body 0x')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0
