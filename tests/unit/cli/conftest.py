import pytest
from click.testing import CliRunner

from sidecar.cli.main import main

GOOD = """\
version: 1
providers:
  pay:
    base_url: https://api.pay.example
    timeouts: {total: 30s}
    headers: {set: {Authorization: "Bearer ${file:key}", X-Env: "${STAGE}", X-Api-Key: plain-secret, X-Client: me}}
    proxy: http://joe:hunter22@proxy:3128
    routes:
      - {name: create, match: {methods: [POST], path: /v1/charges}, timeouts: {total: 60s}}
  bare: {base_url: http://127.0.0.1:8000}
"""

BAD = """\
version: 1
providers:
  pay:
    base_ulr: https://api.pay.example
    timeouts: {total: 30}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command line in a folder with good.yaml, bad.yaml and a secret in key."""
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "clean.yaml").write_text(GOOD.split("    headers", maxsplit=1)[0], encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(BAD, encoding="utf-8")
    (tmp_path / "key").write_text("sk_live_secret\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.delenv("SIDECAR_CONFIG", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def call(*arguments, **options):
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False, **options)

    return call
