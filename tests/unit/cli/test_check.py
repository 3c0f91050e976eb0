import json

import pytest


def test_a_clean_file_is_ok(run):
    result = run("check", "-c", "clean.yaml", "--strict")
    assert result.exit_code == 0
    assert result.stdout == "clean.yaml: ok - 1 provider, 0 routes\n"


def test_warnings_are_shown_and_pass(run):
    result = run("check", "-c", "good.yaml")
    assert result.exit_code == 0
    assert "a secret is written in plain" in result.stdout
    assert result.stdout.endswith("good.yaml: ok - 2 providers, 1 route, 2 warnings\n")


def test_strict_refuses_warnings(run):
    assert run("check", "-c", "good.yaml", "--strict").exit_code == 1


def test_no_secret_is_shown(run):
    for form in ("text", "json", "github"):
        output = run("check", "-c", "good.yaml", "--format", form).output
        assert not [secret for secret in ("sk_live_secret", "plain-secret", "hunter22") if secret in output]


def test_mistakes_are_shown_all_at_once(run):
    result = run("check", "-c", "bad.yaml")
    assert result.exit_code == 1
    assert result.stdout == (
        "bad.yaml:4:5: providers.pay.base_ulr: unknown key 'base_ulr' - did you mean 'base_url'?\n"
        "      base_ulr: https://api.pay.example\n"
        "      ^\n"
        "bad.yaml:5:23: providers.pay.timeouts.total: a duration needs a unit: 30s or 30ms?\n"
        "      timeouts: {total: 30}\n"
        "                        ^\n"
        "\n"
        "bad.yaml: 2 mistakes\n"
    )


def test_json_is_for_programs(run):
    data = json.loads(run("check", "-c", "bad.yaml", "--format", "json").stdout)
    assert data["ok"] is False
    assert data["problems"][0] == {
        "file": "bad.yaml",
        "line": 4,
        "column": 5,
        "path": "providers.pay.base_ulr",
        "message": "unknown key 'base_ulr'",
        "hint": "did you mean 'base_url'?",
        "severity": "error",
    }
    assert json.loads(run("check", "-c", "clean.yaml", "--format", "json").stdout) == {"ok": True, "problems": []}


def test_github_marks_lines(run):
    lines = run("check", "-c", "bad.yaml", "--format", "github").stdout.splitlines()
    assert lines[0] == (
        "::error file=bad.yaml,line=4,col=5::providers.pay.base_ulr: unknown key 'base_ulr' - did you mean 'base_url'?"
    )
    assert run("check", "-c", "good.yaml", "--format", "github").stdout.startswith("::warning file=good.yaml,line=")


def test_github_escapes_what_would_end_the_command(run, tmp_path):
    (tmp_path / "a,b.yaml").write_text("version: 1\n100%: 1\nproviders: {a: {base_url: http://h}}\n", encoding="utf-8")
    line = run("check", "-c", "a,b.yaml", "--format", "github").stdout.splitlines()[0]
    assert line.startswith("::error file=a%2Cb.yaml,line=2,col=1::100%25: unknown key '100%25'")


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_a_missing_file_fails_in_every_format(run, form):
    result = run("check", "-c", "nowhere.yaml", "--format", form)
    assert result.exit_code == 1
    assert "there is no such file" in result.output


def test_a_missing_file_is_told_in_three_parts(run):
    assert run("check").stderr == (
        "error: no configuration: there is no such file\n"
        "where: sidecar.yaml\n"
        "do:    write it, in a container mount it there, or name another with -c FILE or $SIDECAR_CONFIG\n"
    )


def test_the_file_is_the_option_then_the_environment_then_sidecar_yaml(run, tmp_path):
    (tmp_path / "sidecar.yaml").write_text((tmp_path / "clean.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert run("check").stdout.startswith("sidecar.yaml: ok")
    assert run("check", env={"SIDECAR_CONFIG": "good.yaml"}).stdout.endswith("2 warnings\n")
    assert run("check", "-c", "clean.yaml", env={"SIDECAR_CONFIG": "bad.yaml"}).exit_code == 0


def test_colours_only_where_wanted(run):
    assert "\x1b[" in run("check", "-c", "bad.yaml", color=True).stdout
    assert "\x1b[" not in run("check", "-c", "bad.yaml", color=True, env={"NO_COLOR": "1"}).stdout
    assert "\x1b[" not in run("check", "-c", "bad.yaml").stdout
