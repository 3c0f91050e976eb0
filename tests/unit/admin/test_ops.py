import orjson
import pytest

from sidecar.admin.ops import Ops
from sidecar.core.body import Body
from sidecar.core.env import Env
from sidecar.core.errors import BadRequest, MethodRefused
from sidecar.core.exchange import Exchange
from sidecar.core.headers import Headers
from sidecar.telemetry.stats import Stats


class Life:
    def __init__(self, *, started=True, draining=False, checks=()):
        self.started = started
        self.draining = draining
        self.found = list(checks)

    def checks(self):
        return self.found


class Turns:
    """Counts how often the loop got a turn."""

    def __init__(self):
        self.count = 0

    async def __call__(self, seconds):
        assert seconds == 0
        self.count += 1


async def ask(target, method=b"GET", life=None, *, stats=None, headers=(), **more):
    ops = Ops(stats or Stats(), life or Life(), Env(sleep=Turns()), **more)
    return await ops.handle(Exchange(method, target, Headers.of(headers), None, "10.0.0.9", 0.0))


async def body(*args, **kwargs):
    response = await ask(*args, **kwargs)
    content = response.body.content()
    assert response.headers.get(b"content-length") == str(len(content)).encode()
    assert response.headers.get(b"cache-control") == b"no-store"
    return response.status, content.decode()


@pytest.mark.parametrize(
    ("life", "livez", "readyz", "startupz"),
    [
        (Life(), 200, 200, 200),
        (Life(started=False), 200, 503, 503),
        (Life(draining=True), 200, 503, 200),
        (Life(checks=[("config", True, "loaded")]), 200, 200, 200),
        (Life(checks=[("disk", False, "full")]), 200, 503, 200),
    ],
    ids=["running", "starting", "draining", "checked", "failing"],
)
async def test_probes(life, livez, readyz, startupz):
    for target, expected in ((b"/livez", livez), (b"/readyz", readyz), (b"/startupz", startupz)):
        status, content = await body(target, life=life)
        assert status == expected, target
        assert (content == "ok\n") is (expected == 200)


async def test_verbose_explains_what_holds():
    status, content = await body(b"/readyz?verbose", life=Life(checks=[("config", True, "sidecar.yaml")]))
    assert status == 200
    assert content == (
        "[+] started: configuration loaded, listeners open\n[+] draining: no\n[+] config: sidecar.yaml\n"
        "readyz check passed\n"
    )


async def test_a_failing_probe_explains_itself_unasked():
    status, content = await body(b"/readyz", life=Life(draining=True))
    assert status == 503
    assert "[-] draining: shutting down\n" in content
    assert content.endswith("readyz check failed\n")


async def test_a_check_of_the_runtime_may_explain_but_not_overrule():
    life = Life(draining=True, checks=[("draining", True, "SIGTERM came")])
    status, content = await body(b"/readyz", life=life)
    assert status == 503
    assert "[-] draining: SIGTERM came\n" in content
    assert content.count("draining") == 1


@pytest.mark.parametrize(
    ("query", "verbose"),
    [(b"verbose", True), (b"verbose=1", True), (b"verbose=true&x=1", True), (b"verbose=false", False), (b"x", False)],
)
async def test_verbose_is_a_switch(query, verbose):
    _, content = await body(b"/livez?" + query)
    assert content == ("[+] event loop: answers\nlivez check passed\n" if verbose else "ok\n")


async def test_metrics_in_the_format_asked_for():
    response = await ask(b"/metrics")
    assert response.headers.get(b"content-type") == b"text/plain; version=0.0.4; charset=utf-8"
    assert b"\n# TYPE sidecar_requests_total counter\n" in response.body.content()
    accept = [(b"Accept", b"application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1")]
    response = await ask(b"/metrics?x=1", headers=accept)
    assert response.headers.get(b"content-type") == b"application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert response.body.content().endswith(b"# EOF\n")


async def test_gauges_are_collected_before_a_scrape():
    stats = Stats()
    provider = stats.provider("p")

    def collect():
        provider.idle = 8

    _, content = await body(b"/metrics", stats=stats, collect=collect)
    assert 'sidecar_pool_connections{provider="p",state="idle"} 8\n' in content


async def test_a_large_scrape_lets_the_calls_go_on():
    stats = Stats()
    for number in range(200):
        stats.route("p", f"r{number}")
    turns = Turns()
    ops = Ops(stats, Life(), Env(sleep=turns))
    response = await ops.handle(Exchange(b"GET", b"/metrics", Headers(), None, "", 0.0))
    assert turns.count >= response.body.received // 50_000 > 5


async def test_head_has_the_length_of_get():
    get, head = await ask(b"/startupz"), await ask(b"/startupz", b"HEAD")
    assert head.status == get.status == 200
    assert head.headers.get(b"content-length") == get.headers.get(b"content-length") == b"3"


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"OPTIONS"])
async def test_nothing_can_be_changed(method):
    response = await ask(b"/readyz", method)
    assert response.status == 405
    assert response.headers.get(b"allow") == b"GET, HEAD"


@pytest.mark.parametrize("target", [b"/", b"/metrics/", b"/shutdown", b"*", b"/LIVEZ", b"/%6Divez", b"/\xff"])
async def test_nothing_else_is_there(target):
    response = await ask(target)
    problem = orjson.loads(response.body.content())
    assert (response.status, problem["status"], problem["code"]) == (404, 404, "not_found")
    assert "/readyz" in problem["detail"]
    assert response.headers.get(b"content-type") == b"application/problem+json"


@pytest.mark.parametrize(
    ("error", "status"), [(BadRequest("no Host"), 400), (BadRequest("x", status=431), 431), (MethodRefused("x"), 405)]
)
async def test_what_cannot_be_read_is_refused(error, status):
    exchange = Exchange(b"GET", b"/metrics", Headers(), Body.of(b""), "", 0.0)
    exchange.error = error
    response = await Ops(Stats(), Life(), Env()).handle(exchange)
    assert response.status == status
    assert orjson.loads(response.body.content())["detail"] == error.detail
