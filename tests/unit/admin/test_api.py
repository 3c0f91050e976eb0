import orjson
import pytest

from sidecar.admin.api import Admin
from sidecar.core.body import Body
from sidecar.core.errors import BadRequest
from sidecar.core.exchange import Exchange
from sidecar.core.headers import Headers

TOKEN = "correct-horse-battery"
HOST = (b"Host", b"127.0.0.1:9091")
JSON = (b"Content-Type", b"application/json; charset=utf-8")
BEARER = (b"Authorization", f"Bearer {TOKEN}".encode())


class Runtime:
    def __init__(self, problems=()):
        self.draining = False
        self.reasons = []
        self.reloads = 0
        self.problems = list(problems)

    def begin_drain(self, reason):
        self.draining = True
        self.reasons.append(reason)

    async def reload(self):
        self.reloads += 1
        return self.problems

    def status(self):
        return {"version": "1.2.3", "draining": self.draining, "providers": {"p": {"open": 1}}}


async def ask(method, target, *headers, runtime=None, client="127.0.0.1", body=None, listen="127.0.0.1:9091"):
    admin = Admin(runtime or Runtime(), TOKEN, listen)
    exchange = Exchange(method, target, Headers.of(headers), body, client, 0.0)
    response = await admin.handle(exchange)
    content = response.body.content()
    assert TOKEN.encode() not in content
    return response, orjson.loads(content)


@pytest.mark.parametrize("target", [b"/", b"/status", b"/status?x=1"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_status_needs_no_token(method, target):
    response, data = await ask(method, target, HOST)
    assert response.status == 200
    assert response.headers.get(b"content-type") == b"application/json"
    assert data["version"] == "1.2.3"


# ---- shutdown ----


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "unix"])
async def test_shutdown_is_accepted_from_this_machine(client):
    runtime = Runtime()
    response, data = await ask(b"POST", b"/shutdown", HOST, runtime=runtime, client=client)
    assert (response.status, data) == (202, {"result": "draining"})
    assert runtime.reasons == ["POST /shutdown"]


@pytest.mark.parametrize("client", ["10.0.0.8", "::ffff:10.0.0.8", "fe80::1", ""])
async def test_shutdown_from_elsewhere_needs_the_token(client):
    runtime = Runtime()
    response, _ = await ask(b"POST", b"/shutdown", HOST, runtime=runtime, client=client)
    assert response.status == 401
    assert runtime.reasons == []
    response, _ = await ask(b"POST", b"/shutdown", HOST, BEARER, runtime=runtime, client=client)
    assert response.status == 202


async def test_a_second_shutdown_does_not_cut_what_is_in_flight():
    runtime = Runtime()
    for _ in range(2):
        response, _ = await ask(b"POST", b"/shutdown", HOST, runtime=runtime)
        assert response.status == 202
    assert runtime.reasons == ["POST /shutdown"]


@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"http://127.0.0.1:9091"])
async def test_shutdown_is_not_for_web_pages(origin):
    runtime = Runtime()
    response, data = await ask(b"POST", b"/shutdown", HOST, (b"Origin", origin), runtime=runtime)
    assert (response.status, data["code"]) == (403, "origin_refused")
    assert runtime.reasons == []


async def test_a_body_of_a_form_is_refused_and_json_is_taken():
    runtime = Runtime()
    form = (b"Content-Type", b"application/x-www-form-urlencoded")
    response, _ = await ask(b"POST", b"/shutdown", HOST, form, runtime=runtime, body=Body.of(b"a=b"))
    assert response.status == 415
    response, _ = await ask(b"POST", b"/shutdown", HOST, JSON, runtime=runtime, body=Body.of(b"{}"))
    assert response.status == 202


# ---- reload ----


async def test_reload_says_that_it_worked():
    runtime = Runtime()
    response, data = await ask(b"POST", b"/reload", HOST, BEARER, JSON, runtime=runtime)
    assert (response.status, data, runtime.reloads) == (200, {"result": "success"}, 1)


async def test_a_bad_configuration_is_reported_whole():
    report = ["sidecar.yaml:3:5: unknown key", "sidecar.yaml:9:1: missing"]
    response, data = await ask(b"POST", b"/reload", HOST, BEARER, JSON, runtime=Runtime(report))
    assert response.status == 422
    assert response.headers.get(b"content-type") == b"application/problem+json"
    assert (data["code"], data["problems"]) == ("reload_failed", report)


@pytest.mark.parametrize(
    "authorization",
    [None, b"", b"Bearer", b"Bearer wrong", b"Basic " + TOKEN.encode(), TOKEN.encode(), b"Bearer \xff\xfe"],
)
async def test_reload_needs_the_token(authorization):
    runtime = Runtime()
    given = [] if authorization is None else [(b"Authorization", authorization)]
    response, data = await ask(b"POST", b"/reload", HOST, JSON, *given, runtime=runtime)
    assert (response.status, data["code"], runtime.reloads) == (401, "unauthorized", 0)
    assert response.headers.get(b"www-authenticate") == b'Bearer realm="sidecar"'
    assert "wrong" not in data["detail"]


async def test_the_scheme_is_written_in_any_case():
    response, _ = await ask(b"POST", b"/reload", HOST, JSON, (b"Authorization", b"bEARER  " + TOKEN.encode()))
    assert response.status == 200


@pytest.mark.parametrize("kind", [None, b"text/plain", b"application/x-www-form-urlencoded", b"application/jsonp"])
async def test_changes_need_json(kind):
    runtime = Runtime()
    given = [] if kind is None else [(b"Content-Type", kind)]
    response, data = await ask(b"POST", b"/reload", HOST, BEARER, *given, runtime=runtime)
    assert (response.status, data["code"], runtime.reloads) == (415, "json_required", 0)


@pytest.mark.parametrize(
    ("origin", "status"), [(b"http://127.0.0.1:9091", 200), (b"http://127.0.0.1:3000", 403), (b"null", 403)]
)
async def test_changes_may_come_from_our_own_pages_only(origin, status):
    response, _ = await ask(b"POST", b"/reload", HOST, BEARER, JSON, (b"Origin", origin))
    assert response.status == status


# ---- everything ----


@pytest.mark.parametrize(
    ("listen", "host", "status"),
    [
        ("127.0.0.1:9091", b"127.0.0.1:9091", 200),
        ("127.0.0.1:9091", b"localhost:19091", 200),
        ("127.0.0.1:9091", b"LOCALHOST", 200),
        ("127.0.0.1:9091", b"[::1]:9091", 200),
        ("127.0.0.1:9091", b"evil.example:9091", 403),
        ("127.0.0.1:9091", b"localhost.evil.example", 403),
        ("127.0.0.1:9091", b"10.1.2.3:9091", 403),
        ("127.0.0.1:9091", b"", 403),
        ("127.0.0.1:9091", None, 403),
        ("[::1]:9091", b"[::1]:9091", 200),
        ("10.1.2.3:9091", b"10.1.2.3:9091", 200),
        ("10.1.2.3:9091", b"10.1.2.4:9091", 403),
        ("admin.internal:9091", b"Admin.Internal.:9091", 200),
        ("0.0.0.0:9091", b"10.1.2.3:9091", 200),
        ("0.0.0.0:9091", b"evil.example:9091", 403),
        ("[::]:9091", b"[fd00::7]:9091", 200),
        ("unix:/run/sidecar.sock", b"evil.example", 403),
    ],
)
async def test_the_host_must_be_ours(listen, host, status):
    given = [] if host is None else [(b"Host", host)]
    for method, target in ((b"GET", b"/status"), (b"POST", b"/shutdown")):
        runtime = Runtime()
        response, data = await ask(method, target, *given, listen=listen, runtime=runtime)
        if status == 403:
            assert (response.status, data["code"]) == (403, "host_refused")
            assert runtime.reasons == []
        else:
            assert response.status in (200, 202)


async def test_a_unix_socket_may_be_called_by_any_name():
    response, _ = await ask(b"GET", b"/", (b"Host", b"sidecar"), client="unix", listen="unix:/run/sidecar.sock")
    assert response.status == 200


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [(b"GET", b"/shutdown", b"POST"), (b"GET", b"/reload", b"POST"), (b"POST", b"/status", b"GET, HEAD")],
)
async def test_other_methods_are_refused(method, target, allow):
    runtime = Runtime()
    response, _ = await ask(method, target, HOST, BEARER, JSON, runtime=runtime)
    assert response.status == 405
    assert response.headers.get(b"allow") == allow
    assert runtime.reasons == []


async def test_other_paths_are_named():
    response, data = await ask(b"POST", b"/shutdown/", HOST)
    assert response.status == 404
    assert "/shutdown" in data["detail"]


async def test_what_cannot_be_read_is_refused():
    exchange = Exchange(b"POST", b"/shutdown", Headers.of([HOST]), None, "127.0.0.1", 0.0)
    exchange.error = BadRequest("two lengths")
    runtime = Runtime()
    response = await Admin(runtime, TOKEN, "127.0.0.1:9091").handle(exchange)
    assert response.status == 400
    assert runtime.reasons == []
