from sidecar.core.headers import Headers
from sidecar.policies import rewrite
from sidecar.policies.rewrite import Rewrite
from tests.unit.policies.stage import Stage, ask, respond

ALL = (
    (b"Location", b"https://api.test/base/a"),
    (b"Content-Location", b"/base/b"),
    (b"Link", b"<https://api.test/base/c>; rel=next"),
    (b"Set-Cookie", b"x=1; Path=/base; Domain=api.test"),
    (b"X-Other", b"https://api.test/base/d"),
)


async def rewritten(settings: Rewrite, prefix: bytes = b"/payments") -> list[bytes]:
    stage = Stage(rewrite=settings)
    stage.script.append(respond(302, *ALL))
    exchange = ask(b"/", (b"Host", b"localhost:8080"))
    exchange.prefix = prefix
    response = await stage.build(rewrite.POLICY)(exchange)
    return [value for _, value in response.headers.pairs()]


async def test_all() -> None:
    assert await rewritten(Rewrite()) == [
        b"http://localhost:8080/payments/a",
        b"/payments/b",
        b"<http://localhost:8080/payments/c>; rel=next",
        b"x=1; Path=/payments",
        b"https://api.test/base/d",
    ]


async def test_without_a_prefix() -> None:
    found = await rewritten(Rewrite(), b"")
    assert found[:2] == [b"http://localhost:8080/a", b"/b"]


async def test_one_by_one() -> None:
    plain = [value for _, value in ALL]
    for number, off in enumerate(({"location": False}, {"link": False}, {"cookies": False})):
        found = await rewritten(Rewrite(**off))
        kept = [((0, 1), (2,), (3,))[number]]
        for index, value in enumerate(found[:4]):
            assert (value == plain[index]) == (index in kept[0])


async def test_all_off_is_no_layer_at_all() -> None:
    stage = Stage(rewrite=Rewrite(location=False, link=False, cookies=False))
    assert stage.build(rewrite.POLICY) == stage._innermost


async def test_answer_without_such_headers_is_not_touched() -> None:
    stage = Stage()
    given = Headers.of([(b"X", b"1")])
    response = respond()
    response.headers = given
    stage.script.append(response)
    assert (await stage.build(rewrite.POLICY)(ask())).headers is given
