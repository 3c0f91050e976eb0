"""Secrets (T0), each kind in the many looks it has in the wild."""

import base64
from collections.abc import Callable
from random import Random

from tests.redaction import check_digits, vendor_tokens
from tests.redaction.labels import Value
from tests.redaction.shapes import fill, jwt, pem
from tests.redaction.tables import NAMES, PEOPLE

_WORDS = PEOPLE["password_word"]
_FOREIGN = (
    "пароль{d:4}",
    "密码{d:6}",
    "パスワード{d:3}",
    "contraseña{d:3}",
    "Grüße{d:4}!",
    "mot-de-passé{d:2}",
    "🔐{l:6}{d:2}",
)


def password(rng: Random) -> Value:
    """What people choose and what managers make; also with quotes, spaces, delimiters, in other scripts."""
    word, other = rng.choice(_WORDS), rng.choice(_WORDS)
    text = rng.choice((
        lambda: f"{word.capitalize()}{rng.randint(1990, 2030)}{rng.choice('!#?*')}",
        lambda: f"{word}{other}",
        lambda: fill("{d:8}", rng),
        lambda: word.translate(str.maketrans("aeios", "@3!0$")) + fill("{d:3}", rng),
        lambda: " ".join(rng.sample(_WORDS, 4)),
        lambda: "-".join((*rng.sample(_WORDS, 3), fill("{d:2}", rng))),
        lambda: fill("{an:16}", rng),
        lambda: fill("{an:4}!{an:4}%{an:3}", rng),
        lambda: fill("{an:5}&{an:3}={an:4}", rng),
        lambda: fill('{an:4}"{an:3}\\{an:4}', rng),
        lambda: fill("{an:5}'{an:2},{an:5};", rng),
        lambda: fill("{an:4}<{an:4}>{an:3}", rng),
        lambda: fill("{an:3}:{an:4}@{an:4}", rng),
        lambda: fill("${an:6}#{an:4}", rng),
        lambda: fill(rng.choice(_FOREIGN), rng),
        lambda: f"My {word} is {rng.randint(10, 99)} years old.",
    ))()  # fmt: skip
    return Value(text, "password", NAMES["password"])


_OPAQUE = (
    "{h:32}", "{h:40}", "{h:64}", "{h:128}", "{H:32}", "{b64:24}", "{b64:32}", "{b64:48}", "{b64u:32}", "{b64u:64}",
    "{uuid}", "{an:20}", "{an:32}", "{an:40}", "{an:64}", "{an:8}-{an:8}-{an:8}", "{ua:24}", "{la:25}",
    "{la:4}.{b:32}.{b:20}", "{d:20}", "v1.{b:40}", "{an:6}_{an:30}", "{an:10}|{an:40}", "{an:24}~{an:8}",
)  # fmt: skip


def opaque(rng: Random) -> Value:
    """A random text that nothing but its name tells: tokens, keys, secrets."""
    kind = rng.choice(("token", "secret", "api_key"))
    return Value(fill(rng.choice(_OPAQUE), rng), kind, NAMES[kind])


def session(rng: Random) -> Value:
    """A session id, as frameworks name and make it."""
    text = fill(rng.choice(("{la:26}", "{H:32}", "{an:32}", "{uuid}", "s%3A{an:32}.{an:43}", "{b64u:24}")), rng)
    return Value(text, "session", NAMES["session"])


def one_time(rng: Random) -> Value:
    """One-time codes and PINs: short digits under their names."""
    if rng.random() < 0.5:
        return Value(fill(rng.choice(("{d:6}", "{d:6}", "{d:8}", "{d:4}")), rng), "otp", NAMES["otp"])
    return Value(fill(rng.choice(("{d:4}", "{d:6}", "{d:5}")), rng), "pin", NAMES["pin"])


def cvv(rng: Random) -> Value:
    """The card's verification value: three digits, four on American Express."""
    return Value(fill(rng.choice(("{d:3}", "{d:3}", "{d:4}")), rng), "cvv", NAMES["cvv"])


_BRANDS: tuple[tuple[str, tuple[str, ...], tuple[int, ...]], ...] = (
    # Issuer ranges and lengths: ISO/IEC 7812, the brands' BIN pages.
    ("visa", ("4",), (16, 16, 16, 19)),
    ("mastercard", ("51", "52", "53", "54", "55", "2221", "2720", "2500"), (16,)),
    ("amex", ("34", "37"), (15,)),
    ("discover", ("6011", "644", "649", "65"), (16,)),
    ("jcb", ("3528", "3589", "3550"), (16,)),
    ("diners", ("300", "305", "36", "38"), (14,)),
    ("unionpay", ("620", "621", "623", "625"), (16, 19)),
    ("maestro", ("5018", "5020", "5038", "6304", "6759"), (16, 16, 18)),
    ("mir", ("2200", "2204"), (16,)),
    ("elo", ("506699", "509000", "636368"), (16,)),
)
# Test numbers without their check digit, from the brands' and Stripe's documentation.
_TEST_CARDS = (
    "424242424242424", "411111111111111", "555555555555444", "222300312200322", "37828224631000", "601111111111111",
    "3056930902590", "356600202036050", "620000000000000", "400005665566555",
)  # fmt: skip


def card_number(rng: Random) -> Value:
    """A whole card number of any brand, bare or in the groups it is printed in."""
    brand, prefixes, sizes = rng.choice(_BRANDS)
    size, prefix = rng.choice(sizes), rng.choice(prefixes)
    digits = check_digits.luhn(prefix + fill(f"{{d:{size - 1 - len(prefix)}}}", rng))
    if rng.random() < 0.1:
        brand, digits = "test", check_digits.luhn(rng.choice(_TEST_CARDS))
    parting = rng.choice(("", "", "", " ", "-"))
    if parting and len(digits) == 16:
        digits = parting.join(digits[at : at + 4] for at in range(0, 16, 4))
    elif parting and len(digits) == 15:
        digits = parting.join((digits[:4], digits[4:10], digits[10:]))
    return Value(digits, "card_number", NAMES["card_number"], alone=True, vendor=brand)


def token_jwt(rng: Random) -> Value:
    """A JSON Web Token."""
    return Value(jwt(rng), "jwt", NAMES["jwt"], alone=True)


def private_key(rng: Random) -> Value:
    """A PEM private key; every line of its body is a leak."""
    text = pem(rng)
    lines = tuple(line for line in text.split("\n")[1:-1] if len(line) > 15)
    return Value(text, "private_key", NAMES["private_key"], alone=True, pieces=lines)


_SCHEMES = (
    "postgres postgresql mysql mongodb+srv mongodb redis rediss amqp amqps https ftp smtp".split()  # noqa: SIM905
)


def userinfo(rng: Random) -> Value:
    """A URL with a password in it; only the password is the secret."""
    secret = fill(rng.choice(("{an:16}", "{an:9}!{an:3}", "{h:32}", "{an:8}%40{an:4}", "{an:10}$")), rng)
    host = rng.choice(("db.internal", "cache-1.example.net", "10.0.3.7", "cluster0.ab1cd.mongodb.net", "localhost"))
    user = rng.choice(("admin", "app", "svc_orders", "", "root"))
    scheme = rng.choice(_SCHEMES)
    user = user or ("" if scheme.startswith("redis") else "api")
    text = f"{scheme}://{user}:{secret}@{host}:{rng.randint(1024, 65000)}/{rng.choice(('orders', 'prod', '0', 'app'))}"
    return Value(text, "userinfo", NAMES["userinfo"], alone=True, pieces=(secret,))


def credentials(rng: Random) -> Value:
    """What follows ``Bearer`` or ``Basic``, with the scheme before it."""
    if rng.random() < 0.5:
        pair = f"{rng.choice(('admin', 'svc', 'ci-bot'))}:{fill('{an:14}', rng)}"
        secret = base64.b64encode(pair.encode()).decode()
        text = f"Basic {secret}"
    else:
        secret = fill(rng.choice(("{an:32}", "{b64u:48}", "{h:40}", "{uuid}")), rng)
        text = f"{rng.choice(('Bearer', 'Bearer', 'bearer'))} {secret}"
    return Value(text, "authorization", NAMES["authorization"], alone=True, pieces=(secret,))


_SIGNED = (
    (
        "{h:64}",
        "https://bucket.s3.eu-west-1.amazonaws.com/reports/2024.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Date=20240501T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=",
    ),
    ("{h:256}", "https://storage.googleapis.com/b/o.png?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature="),
    (
        "{an:43}%3D",
        "https://acct.blob.core.windows.net/c/f.zip?sv=2022-11-02&se=2025-01-01T00%3A00%3A00Z&sr=b&sp=r&sig=",
    ),
    (
        "{b:170}__",
        "https://d111111abcdef8.cloudfront.net/v.mp4?Expires=1767290400&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=",
    ),
    (
        "{b:27}=",
        "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/o.txt?OSSAccessKeyId=x&Expires=1141889120&Signature=",
    ),
)


def signed_url(rng: Random) -> Value:
    """A URL that opens a door by the signature in its query; the signature is the secret."""
    shape, address = rng.choice(_SIGNED)
    signature = fill(shape, rng)
    return Value(address + signature, "signature", NAMES["signature"], alone=True, pieces=(signature,))


_WEBHOOKS = (
    # Before the secret, the secret, after it.
    ("https://hooks.slack.com/services/T{ua:8}/B{ua:10}/", "{an:24}", ""),
    ("https://discord.com/api/webhooks/{d:18}/", "{b:68}", ""),
    ("https://api.telegram.org/bot{d:10}:", "AA{b:33}", "/sendMessage"),
    ("https://acme.webhook.office.com/webhookb2/{uuid}@{uuid}/IncomingWebhook/", "{h:32}", "/{uuid}"),
)


def webhook(rng: Random) -> Value:
    """Addresses that are secrets themselves; the last segment is what opens the door."""
    before, secret, after = (fill(shape, rng) for shape in rng.choice(_WEBHOOKS))
    return Value(before + secret + after, "webhook", NAMES["webhook"], alone=True, pieces=(secret,))


SHAPED: tuple[Callable[[Random], Value], ...] = (
    card_number, token_jwt, userinfo, credentials, signed_url, webhook, vendor_tokens.shaped, vendor_tokens.shaped,
)  # fmt: skip
"""Kinds whose values (most of them) are recognisable alone and are one line."""

NAMED: tuple[Callable[[Random], Value], ...] = (
    password, password, opaque, opaque, opaque, session, one_time, cvv, vendor_tokens.named,
)  # fmt: skip
"""Kinds that their names tell."""

ALL = (*SHAPED, *NAMED, private_key)
