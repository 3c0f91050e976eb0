import json


def settings(result):
    """Name -> (value, origin) of the printed table."""
    rows = {}
    for line in result.stdout.split("\n\n", 1)[1].splitlines():
        name, value, origin = line.split("  ", 1)[0], *line.split("  ", 1)[1].strip().rsplit("  ", 1)
        rows[name] = (value.strip(), origin.strip())
    return rows


def test_a_route_with_its_settings(run):
    result = run("explain", "post", "/pay/v1/charges", "-c", "good.yaml")
    assert result.exit_code == 0
    head = result.stdout.split("\n\n", 1)[0]
    assert head == (
        "provider  pay (by prefix /pay)\n"
        "route     create (matches POST /v1/charges)\n"
        "goes to   POST https://api.pay.example/v1/charges"
    )
    rows = settings(result)
    assert rows["timeouts.total"] == ("1m", "route, good.yaml:9")
    assert rows["timeouts.head"] == ("30s", "default")
    assert rows["headers.set.X-Client"] == ("me", "provider, good.yaml:6")
    assert rows["pool.max_connections"] == ("100", "default")


def test_no_secret_is_shown(run):
    for form in ("text", "json"):
        output = run("explain", "GET", "/pay/a", "-c", "good.yaml", "-o", form).output
        assert not [secret for secret in ("sk_live_secret", "plain-secret", "hunter22") if secret in output]


def test_a_secret_is_shown_as_it_was_written(run):
    rows = settings(run("explain", "GET", "/pay/a", "-c", "good.yaml"))
    assert rows["headers.set.Authorization"][0] == "Bearer ${file:key}"
    assert rows["headers.set.X-Api-Key"][0] == "***"
    assert rows["headers.set.X-Env"][0] == "${STAGE}"
    assert rows["proxy"][0] == "http://************@proxy:3128"


def test_no_route_matches(run):
    assert (
        "default (none of the provider's routes matches)" in run("explain", "GET", "/pay/a", "-c", "good.yaml").stdout
    )
    assert "default (the provider has no routes)" in run("explain", "GET", "/bare/a", "-c", "good.yaml").stdout


def test_json_is_for_programs(run):
    data = json.loads(
        run("explain", "POST", "https://api.pay.example/v1/charges", "-c", "good.yaml", "-o", "json").stdout
    )
    assert (data["provider"], data["route"], data["url"]) == ("pay", "create", "https://api.pay.example/v1/charges")
    assert data["settings"]["timeouts.total"] == {"value": "1m", "from": "route", "where": "good.yaml:9"}


FLOW = """\
version: 1
defaults: {profile: user-flow}
providers:
  pay:
    preset: stripe
    enabled: false
    timeouts: {idle: 7s}
    concurrency: {limit: 5}
    routes:
      - {name: jobs, match: {path: /jobs/**}, profile: background, breaker: off}
"""


def test_profile_and_preset_are_named_with_their_lines(run, tmp_path):
    (tmp_path / "flow.yaml").write_text(FLOW, encoding="utf-8")
    result = run("explain", "POST", "/pay/v1/charges", "-c", "flow.yaml")
    assert "goes to   POST https://api.stripe.com/v1/charges" in result.stdout
    rows = settings(result)
    assert rows["timeouts.total"] == ("8s", "profile user-flow, profiles/user-flow.yaml:7")
    assert rows["concurrency.max_wait"][1].startswith("profile user-flow, profiles/user-flow.yaml:")
    assert rows["rate.limit"][0] == "100/s"
    assert rows["rate.limit"][1].startswith("preset stripe, presets/stripe.yaml:")
    assert rows["tracking.response_headers"] == ("[Request-Id]", "preset stripe, presets/stripe.yaml:7")
    assert rows["timeouts.idle"] == ("7s", "provider, flow.yaml:7")
    assert rows["timeouts.tls"] == ("2s", "default")
    assert rows["profile"] == ("user-flow", "defaults, flow.yaml:2")
    assert rows["preset"] == ("stripe", "provider, flow.yaml:5")
    assert rows["base_url"] == ("https://api.stripe.com", "preset stripe, presets/stripe.yaml:4")
    assert rows["enabled"] == ("false", "provider, flow.yaml:6")


def test_a_policy_that_is_off_is_one_line_with_who_switched_it_off(run, tmp_path):
    (tmp_path / "flow.yaml").write_text(FLOW, encoding="utf-8")
    rows = settings(run("explain", "GET", "/pay/jobs/1", "-c", "flow.yaml"))
    assert {name: row for name, row in rows.items() if name.startswith("breaker")} == {
        "breaker.mode": ("off", "route, flow.yaml:10")
    }
    assert rows["profile"] == ("background", "route, flow.yaml:10")
    assert rows["fallback.mode"] == ("off", "default")


def test_json_names_them_too(run, tmp_path):
    (tmp_path / "flow.yaml").write_text(FLOW, encoding="utf-8")
    data = json.loads(run("explain", "GET", "/pay/jobs/1", "-c", "flow.yaml", "-o", "json").stdout)
    assert data["settings"]["timeouts.total"] == {
        "value": "15m",
        "from": "profile background",
        "where": "profiles/background.yaml:5",
    }


def test_references_in_lists_and_bodies_are_shown_as_written(run, tmp_path):
    text = """\
version: 1
providers:
  pay:
    base_url: https://api.pay.example
    headers: {remove: ["X-${STAGE}", X-Other]}
    fallback: {json: {key: ["${file:key}", "${STAGE}"]}}
"""
    (tmp_path / "lists.yaml").write_text(text, encoding="utf-8")
    rows = settings(run("explain", "GET", "/pay/a", "-c", "lists.yaml"))
    assert rows["headers.remove"][0] == "[X-${STAGE}, X-Other]"
    assert rows["fallback.json"][0] == "{key: [${file:key}, ${STAGE}]}"


def test_no_provider_takes_it(run):
    result = run("explain", "GET", "/nobody/a", "-c", "good.yaml")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "error: no provider takes the path /nobody/a\nwhere: good.yaml\ndo:    known prefixes: /pay, /bare\n"
    )


def test_a_bad_configuration_is_reported_on_standard_error(run):
    result = run("explain", "GET", "/pay/a", "-c", "bad.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "did you mean 'base_url'?" in result.stderr
    assert result.stderr.endswith("error: 2 mistakes in the configuration\nwhere: bad.yaml\ndo:    correct them\n")
