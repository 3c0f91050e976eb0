import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.routing import DEFAULT, PathTemplate, Prefixes, RouteMatch, RouteTable, normal_host, split


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("/v1/charges", [b"/v1/charges"], [b"/v1/charges/", b"/v1/charge", b"/v1/charges?x", b"", b"/V1/charges"]),
        ("/", [b"/"], [b"", b"//", b"/a"]),
        ("/v1/", [b"/v1/"], [b"/v1", b"/v1//"]),
        ("/v1/{id}", [b"/v1/a", b"/v1/a.b%2Fc", b"/v1/\n"], [b"/v1/", b"/v1", b"/v1/a/", b"/v1/a/b", b"/v1//"]),
        ("/v1/{id}/x", [b"/v1/a/x"], [b"/v1//x", b"/v1/a/y", b"/v1/a/b/x"]),
        ("/v1/**", [b"/v1/", b"/v1/a", b"/v1/a/b/", b"/v1//"], [b"/v1", b"/v10", b"/v2/"]),
        ("/**", [b"/", b"/a/b"], [b"", b"*"]),
        ("/{v}/x/**", [b"/v1/x/", b"/v1/x/a/b\n"], [b"/v1/x", b"//x/a", b"/v1/y/a"]),
        ("/a%62", [b"/a%62"], [b"/ab"]),
        ("/a.b", [b"/a.b"], [b"/aXb"]),
        ("/{x}/a.b", [b"/1/a.b"], [b"/1/aXb"]),
        ("/caf\u00e9", ["/caf\u00e9".encode()], [b"/caf"]),
    ],
)
def test_templates(text: str, yes: list[bytes], no: list[bytes]) -> None:
    template = PathTemplate(text)
    assert [path for path in yes if not template.matches(path)] == []
    assert [path for path in no if template.matches(path)] == []
    assert repr(template) == f"<PathTemplate {text}>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v1/charges", "begins with a slash: write /v1/charges"),
        ("", "begins with a slash"),
        ("/v1?x=1", "leave out"),
        ("/v1#x", "leave out"),
        ("/**/x", "only at the end"),
        ("/v1/*", "write {name}"),
        ("/*/x", "write {name}"),
        ("/v1/{id", "whole segment"),
        ("/v1/{id}.json", "whole segment"),
        ("/v1/{}", "whole segment"),
        ("/v1/x}", "whole segment"),
    ],
)
def test_bad_templates_say_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        PathTemplate(text)
    assert message in str(caught.value)


@given(st.lists(st.text("ab%.-+()[]$^", min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_literal_matches_itself_alone(segments: list[str]) -> None:
    text = "/" + "/".join(segments)
    assert PathTemplate(text).matches(text.encode())
    assert not PathTemplate(text).matches(text.encode() + b"/")
    pattern = PathTemplate(text + "/{id}")
    assert pattern.matches(text.encode() + b"/x")
    assert not pattern.matches(text.encode() + b"/")


@given(st.binary(max_size=30))
def test_no_path_makes_a_template_raise(path: bytes) -> None:
    for text in ("/a", "/{a}", "/a/**", "/{a}/**"):
        assert PathTemplate(text).matches(path) in {True, False}


def route(path: str | None = None, *methods: bytes) -> RouteMatch:
    return RouteMatch(frozenset(methods) or None, PathTemplate(path) if path else None)


def test_without_routes_the_default_is_found() -> None:
    assert RouteTable().find(b"GET", b"/x") == DEFAULT


def test_the_first_match_wins_whatever_its_kind() -> None:
    table = RouteTable(
        [
            route("/v1/{id}", b"POST"),  # 0
            route("/v1/a", b"GET"),  # 1
            route("/v1/a"),  # 2
            route("/v1/{id}", b"GET"),  # 3
            route(None, b"DELETE"),  # 4
            route("/v1/b"),  # 5
        ]
    )
    assert table.find(b"POST", b"/v1/a") == 0
    assert table.find(b"GET", b"/v1/a") == 1
    assert table.find(b"PUT", b"/v1/a") == 2
    assert table.find(b"GET", b"/v1/b") == 3
    assert table.find(b"DELETE", b"/v1/zzz/y") == 4
    assert table.find(b"PUT", b"/v1/b") == 5
    assert table.find(b"PUT", b"/v1/c") == DEFAULT


def test_a_route_without_conditions_takes_everything() -> None:
    assert RouteTable([route()]).find(b"GET", b"/x") == 0


def test_only_literal_routes() -> None:
    table = RouteTable([route("/a", b"GET")])
    assert table.find(b"GET", b"/a") == 0
    assert table.find(b"PUT", b"/a") == DEFAULT
    assert table.find(b"GET", b"/b") == DEFAULT


def test_the_query_is_not_looked_at() -> None:
    table = RouteTable([route("/a"), route("/b/{id}")])
    assert table.find(b"GET", b"/a?x=/b") == 0
    assert table.find(b"GET", b"/b/1?x=/c/d") == 1


def test_methods_are_case_sensitive() -> None:
    # RFC 9110 section 9.1
    assert RouteTable([route("/a", b"GET")]).find(b"get", b"/a") == DEFAULT


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, b"GET", b"POST"]), st.sampled_from([None, "/a", "/b", "/{x}", "/a/**", "/a/b"])
        ),
        max_size=6,
    ),
    st.sampled_from([b"GET", b"POST", b"PUT"]),
    st.sampled_from([b"/a", b"/b", b"/c", b"/a/b", b"/", b"/a/b/c"]),
)
def test_the_table_finds_what_a_plain_scan_finds(
    rows: list[tuple[bytes | None, str | None]], method: bytes, path: bytes
) -> None:
    routes = [route(path_, *([method_] if method_ else [])) for method_, path_ in rows]
    expected = DEFAULT
    for index, (methods, template) in enumerate(routes):
        if (methods is None or method in methods) and (template is None or template.matches(path)):
            expected = index
            break
    assert RouteTable(routes).find(method, path) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/payments/v1/x?y", (b"payments", b"/v1/x?y")),
        (b"/payments", (b"payments", b"/")),
        (b"/payments/", (b"payments", b"/")),
        (b"/payments?x=1", (b"payments", b"/?x=1")),
        (b"/payments?x=/a/b", (b"payments", b"/?x=/a/b")),
        (b"/payments?", (b"payments", b"/?")),
        (b"/payments/?x", (b"payments", b"/?x")),
        (b"/payments//a/../%2f%2F", (b"payments", b"//a/../%2f%2F")),
        (b"/pay%6Dents/a", (b"pay%6Dents", b"/a")),
        (b"/", (b"", b"/")),
        (b"//payments/a", (b"", b"/payments/a")),
        (b"/?x", (b"", b"/?x")),
        (b"*", (b"", b"*")),
        (b"", (b"", b"")),
    ],
)
def test_split(target: bytes, expected: tuple[bytes, bytes]) -> None:
    assert split(target) == expected


PREFIXES = Prefixes({"payments": 1, "crm": 2}, {"Stripe.localhost": 3, "[::1]": 4})


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/payments/v1?x=/y", (1, b"/v1?x=/y")),
        (b"/payments?x=/y", (1, b"/?x=/y")),
        (b"/crm", (2, b"/")),
        (b"/payment/v1", (None, b"/payment/v1")),
        (b"/Payments/v1", (None, b"/Payments/v1")),
        (b"xpayments/v1", (None, b"xpayments/v1")),
        (b"xpayments", (None, b"xpayments")),
        (b"/paymentsX", (None, b"/paymentsX")),
        (b"*", (None, b"*")),
        (b"/", (None, b"/")),
        (b"", (None, b"")),
    ],
)
def test_by_path(target: bytes, expected: tuple[int | None, bytes]) -> None:
    assert PREFIXES.by_path(target) == expected


@given(st.binary(max_size=30))
def test_by_path_agrees_with_split(target: bytes) -> None:
    for candidate in (target, b"/payments" + target, b"/" + target):
        name, rest = split(candidate)
        known = {b"payments": 1, b"crm": 2}.get(name)
        assert PREFIXES.by_path(candidate) == ((known, rest) if known else (None, candidate))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"stripe.localhost", 3),
        (b"STRIPE.localhost:8080", 3),
        (b"stripe.localhost.", 3),
        (b"stripe.localhost.:80", 3),
        (b"[::1]:8080", 4),
        (b"[::1]", 4),
        (b"[::1", None),
        (b"localhost", None),
        (b"", None),
    ],
)
def test_by_host(host: bytes, expected: int | None) -> None:
    assert PREFIXES.by_host(host) == expected


def test_no_hosts_are_configured() -> None:
    assert Prefixes({"a": 1}).by_host(b"localhost") is None


@given(st.binary(max_size=30))
def test_a_normal_host_stays_normal_in_case(host: bytes) -> None:
    assert normal_host(host) == normal_host(host.upper()) == normal_host(host).lower()
