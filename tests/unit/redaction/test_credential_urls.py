import pytest

from tests.unit.redaction.credential_texts import found, masked
from tests.unit.redaction.vendor_values import made


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://bob:hunter2@db:5432/x", "postgres://[REDACTED:userinfo]@db:5432/x"),
        ("see https://tok3n@host/x.", "see https://[REDACTED:userinfo]@host/x."),
        ("redis://:pw@h:6379/0", "redis://[REDACTED:userinfo]@h:6379/0"),
        ("amqp://u:p@ss:w@h", "amqp://[REDACTED:userinfo]@h"),
        ("mongodb+srv://u:p%40ss@c.mongodb.net/?w=1", "mongodb+srv://[REDACTED:userinfo]@c.mongodb.net/?w=1"),
        ("https:\\/\\/u:p@h\\/x", "https:\\/\\/[REDACTED:userinfo]@h\\/x"),
        ("a://u:p@h,b://v:q@i", "a://[REDACTED:userinfo]@h,b://[REDACTED:userinfo]@i"),
        ("ssh://git:pw@h/x", "ssh://[REDACTED:userinfo]@h/x"),
        ("root:pw123@tcp(127.0.0.1:3306)/db", "root:[REDACTED:password]@tcp(127.0.0.1:3306)/db"),
    ],
)
def test_userinfo_goes_and_scheme_and_host_stay(url, expected):
    assert masked(url, "userinfo") == expected


@pytest.mark.parametrize(
    "text",
    [
        "ssh://git@github.com/o/r",
        "https://git@github.com/o/r.git",
        "git+ssh://bob@h/x",
        "docker://alpine@sha256:abcdef",
        "https://unpkg.com/react@18.2.0",
        "https://medium.com/@user",
        "https://h/?mail=a@b.c",
        "https://h/#a@b",
        "git@github.com:o/r.git",
        "https://[REDACTED:userinfo]@h/x",
        "https://u:[REDACTED:password]@h/x",
        "ann@example.com",
        "https://{user}:{password}@h",
        "http:// a@b",
    ],
)
def test_an_at_sign_that_ends_no_secret_userinfo_stays(text):
    assert found(text, "userinfo") == []


@pytest.mark.parametrize(
    ("before", "secret", "after"),
    [
        ("https://api.telegram.org/bot", made("{d9}:AA{U33}", 1), "/sendMessage"),
        ("https://api.telegram.org/file/bot", made("{d9}%3AAA{U33}", 1), "/a.jpg"),
        ("https://hooks.slack.com/services/", made("T{C8}/B{C8}/{A24}", 1), " failed"),
        ("POST /services/T00000000/", made("B{C8}/{A24}", 1), " 200"),
        ("https://hooks.slack.com/workflows/", made("T{C8}/A{C8}/{d18}/{A24}", 1), '"'),
        ("https://hooks.slack.com/triggers/", made("E{C10}/{d12}/{h32}", 1), ""),
        ("https://discord.com/api/webhooks/123456789012345678/", made("{U68}", 1), "?wait=true"),
        ("https://discord.com/api/v10/webhooks/123456789012345678/", made("{U68}", 2), "."),
        ("https://x.webhook.office.com/webhookb2/g@t/IncomingWebhook/", made("{h32}/{uuid}", 1), "\n"),
        ("https://outlook.office.com/webhook/g@t/IncomingWebhook/", made("{h32}/{uuid}", 2), ""),
        ("https://chat.googleapis.com/v1/spaces/AAAA/messages?", made("key=AI{U37}&token={U43}%3D", 1), ""),
        ("https://chat.example.com/hooks/", made("{l26}", 1), ""),
        ("https://chat.example.com/hooks/", made("{A17}/{A43}", 1), ""),
        ("https://hooks.zapier.com/hooks/catch/", made("{d7}/{l7}", 1), "/"),
        ("https://hook.eu1.make.com/", made("{l32}", 1), ""),
        ("https://maker.ifttt.com/trigger/door_open/with/key/", made("{U43}", 1), ""),
        ("https://maker.ifttt.com/use/", made("{U43}", 1), ""),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/", made("{uuid}", 1), ""),
        ("https://hc-ping.com/", made("{uuid}", 2), "/fail"),
        ("https://oapi.dingtalk.com/robot/send?access_token=", made("{h64}", 1), ""),
        ("https://mainnet.infura.io/v3/", made("{h32}", 1), ""),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=", made("{uuid}", 3), ""),
        ("https://api.netlify.com/build_hooks/", made("{h24}", 1), ""),
        ("https://eth-mainnet.g.alchemy.com/v2/", made("{U32}", 1), ""),
        ("https://logs-01.loggly.com/inputs/", made("{uuid}", 4), "/tag/x"),
        ("https://calendar.google.com/calendar/ical/a%40b.c/private-", made("{h32}", 1), "/basic.ics"),
        ("https://endpoint1.collection.sumologic.com/receiver/v1/http/", made("{U90}==", 1), ""),
    ],
)
def test_the_secret_of_a_hook_goes_and_the_rest_of_its_address_stays(before, secret, after):
    assert found(before + secret + after, "hooks") == [(secret, "webhook")]


@pytest.mark.parametrize(
    "text",
    [
        "https://api.github.com/repos/o/r/hooks/12345",
        "/services/Transport/Buses/list",
        "https://h/webhooks/stripe",
        "/bots/12345678",
        "https://discord.com/channels/123456789012345678/123456789012345678",
        "https://hooks.slack.com/services/[REDACTED:webhook]",
        "https://docs.slack.dev/messaging",
        "/bot123/about",
        "https://infura.io/docs",
    ],
)
def test_addresses_that_only_look_like_hooks_stay(text):
    assert found(text, "hooks") == []


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        (
            "k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20240101%2Fus&X-Amz-Signature="
            + "a1" * 32
            + "&x=1",
            ["AKIDEXAMPLE%2F20240101%2Fus", "a1" * 32],
        ),
        ("k?x-goog-signature=" + "b2" * 40 + " .", ["b2" * 40]),
        ("https://a.blob.core.windows.net/c?sv=2020&sig=abc%2Fdef%3D12345678&se=1", ["abc%2Fdef%3D12345678"]),
        ('"https://d.cloudfront.net/x?Expires=1&Signature=abcDEF123-_~abcDEF&Key-Pair-Id=K2"', ["abcDEF123-_~abcDEF"]),
        ("u=https%3A%2F%2Fh%2F%3Fx-amz-signature%3D" + "c3" * 32 + "%26y%3D1", ["c3" * 32]),
        ("k?a=1\\u0026X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE\\u0026b", ["IQoJb3JpZ2luX2VjEXAMPLE"]),
    ],
)
def test_signatures_in_urls_go(text, secrets):
    assert [value for value, _ in found(text, "signed urls")] == secrets


@pytest.mark.parametrize(
    "text",
    ["?sig=short", "?signature=[REDACTED:signature]", "&design=abcdefghijklmnopqrst", "?signed=abcdefghijklmnopqrst"],
)
def test_other_parameters_stay(text):
    assert found(text, "signed urls") == []
