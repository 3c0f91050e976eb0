"""Builders that place labelled values in forms, XML, headers and URLs."""

from random import Random
from urllib.parse import quote, quote_plus, urlencode
from xml.sax.saxutils import escape, quoteattr

from tests.redaction import personal_values, secret_values, vendor_tokens
from tests.redaction.drawing import ALONE, Draw, name_of, named
from tests.redaction.formats_json import Build, Built, made
from tests.redaction.labels import Value
from tests.redaction.shapes import fill, jwt
from tests.redaction.tables import lines


def form(rng: Random) -> Built:
    """application/x-www-form-urlencoded, with bracketed names as PHP and Rails read them."""
    draw = Draw(rng)
    style, values = draw.style(), draw.values()
    harmless = draw.benign(3, style)
    outer = rng.choice(("", "", "user", "card", "data"))
    fields = [*(named(value, rng, style) for value in values), *harmless]
    rng.shuffle(fields)
    text = urlencode([(f"{outer}[{name}]" if outer else name, content) for name, content in fields])
    return made(text, values, [content for _, content in harmless], content_type="application/x-www-form-urlencoded")


def multipart(rng: Random) -> Built:
    """multipart/form-data (RFC 7578): fields by name, and a file whose content is nobody's business."""
    draw = Draw(rng)
    style, values = draw.style(), draw.values()
    harmless = draw.benign(2, style)
    boundary = "----WebKitFormBoundary" + fill("{an:16}", rng)
    blocks = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{content}\r\n'
        for name, content in [*(named(value, rng, style) for value in values), *harmless]
    ]
    rng.shuffle(blocks)
    inside = Draw(rng, ALONE, lambda value: value.alone).value()
    blocks.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\nid,contact\r\n1,{inside.text}\r\n"
    )
    text = "".join(blocks) + f"--{boundary}--\r\n"
    kept = [content for _, content in harmless]
    return made(text, [*values, inside], kept, content_type=f"multipart/form-data; boundary={boundary}")


def _element(name: str, text: str, rng: Random, prefix: str) -> str:
    look = rng.random()
    tag = prefix + name.replace(" ", "")
    if look < 0.2 and "]]>" not in text:
        return f"<{tag}><![CDATA[{text}]]></{tag}>"
    if look < 0.45:
        return f"<{prefix}item {name}={quoteattr(text)} index='1'/>"
    return f"<{tag}>{escape(text)}</{tag}>"


def xml(rng: Random) -> Built:
    """XML and SOAP: elements, attributes, CDATA, namespaces, entities."""
    draw = Draw(rng, fits=lambda value: value.text.isprintable())
    style, values = rng.choice(("camel", "pascal", "snake", "kebab", "camel")), draw.values()
    harmless = draw.benign(3, style)
    prefix = rng.choice(("", "", "ns1:", "wsse:"))
    fields = [*(named(value, rng, style) for value in values), *harmless]
    rng.shuffle(fields)
    gap = rng.choice(("", "\n  "))
    inner = gap + gap.join(_element(name, text, rng, prefix) for name, text in fields)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ns1:Envelope xmlns:ns1="urn:x" xmlns:wsse="urn:y">'
        f"<ns1:Body>{inner}</ns1:Body></ns1:Envelope>"
    )
    kept = [content for _, content in harmless]
    return made(
        text,
        values,
        kept,
        content_type=rng.choice(("application/xml", "text/xml; charset=utf-8", "application/soap+xml", "")),
    )


_TOKEN_HEADERS = lines("secret_headers.txt")
_ADDRESS_HEADERS = (
    "X-Forwarded-For",
    "X-Real-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
    "X-Client-IP",
    "Fastly-Client-IP",
)


def _secret_header(rng: Random) -> tuple[str, str, Value]:
    opaque = fill(rng.choice(("{an:32}", "{h:64}", "{b64u:32}", "{uuid}", "{la:40}")), rng)
    make = rng.choice(("authorization", "cookie", "set-cookie", "token", "token", "token", "shaped"))
    if make == "authorization":
        value = secret_values.credentials(rng)
        return rng.choice(("Authorization", "Proxy-Authorization", "authorization")), value.text, value
    if make == "cookie":
        return (
            "Cookie",
            f"theme=dark; {rng.choice(('sid', 'session', 'auth', 'remember_me'))}={opaque}; lang=en",
            Value(opaque, "cookie"),
        )
    if make == "set-cookie":
        return (
            "Set-Cookie",
            f"sid={opaque}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=3600",
            Value(opaque, "cookie"),
        )
    if make == "token":
        return rng.choice(_TOKEN_HEADERS), opaque, Value(opaque, "token")
    value = Draw(rng, (vendor_tokens.shaped,), lambda value: value.alone).value()
    return rng.choice(("X-Custom", "X-Debug", "X-Original-Key")), value.text, value


def headers(rng: Random) -> Built:
    """Header lines of a request or an answer."""
    pairs: list[tuple[str, str]] = [
        ("Host", "api.example.com"),
        ("Accept", "*/*"),
        ("X-Request-Id", fill("{uuid}", rng)),
    ]
    kept = [text for _, text in pairs if len(text) > 4]
    values = []
    for _ in range(rng.randint(1, 3)):
        name, text, value = _secret_header(rng)
        pairs.append((name, text))
        values.append(value)
    if rng.random() < 0.5:
        value = personal_values.ip(rng)
        pairs.append((rng.choice(_ADDRESS_HEADERS), rng.choice(("{}", "{}, 10.0.0.1")).format(value.text)))
        values.append(value)
    if rng.random() < 0.3:
        value = personal_values.email(rng)
        pairs.append((rng.choice(("From", "X-User-Email", "X-Forwarded-Email")), value.text))
        values.append(value)
    if rng.random() < 0.3:
        value = secret_values.opaque(rng)
        pairs.append(
            (
                rng.choice(("Location", "Referer")),
                f"https://app.example.com/cb?access_token={quote_plus(value.text)}&state=ok",
            )
        )
        values.append(value)
    rng.shuffle(pairs)
    encoded = tuple((name.encode(), text.encode()) for name, text in pairs)
    plain = "".join(f"{name}: {text}\n" for name, text in pairs)
    return {"headers": encoded, "values": tuple(values), "benign": tuple(kept), "plain": plain, "channel": "headers"}


def _query(rng: Random, values: list[Value], style: str) -> str:
    return "&".join(f"{quote(name_of(value, rng, style, 0.2))}={quote(value.text, safe='')}" for value in values)


def url(rng: Random) -> Built:
    """Whole URLs: query, fragment, userinfo, path segments; some APIs put secrets there."""
    draw = Draw(
        rng, fits=lambda value: value.kind not in {"userinfo", "private_key", "webhook", "signature", "authorization"}
    )
    values, style = draw.values(1, 3), draw.style()
    look = rng.randrange(6)
    kept = ["api.example.com", "page=2"]
    if look == 0:
        value = rng.choice((secret_values.userinfo, secret_values.signed_url, secret_values.webhook))(rng)
        return made(value.text, [value], channel="url")
    if look == 1:
        text = f"https://api.example.com/cb?page=2#{_query(rng, values, style)}&token_type=bearer"
        return made(text, values, [*kept, "token_type=bearer"], channel="url")
    if look == 2:
        value = Draw(
            rng, (personal_values.email, secret_values.token_jwt, vendor_tokens.shaped), lambda value: value.alone
        ).value()
        segment = quote(value.text, safe=rng.choice(("", "@")))
        return made(
            f"https://api.example.com/v1/users/{segment}/orders?page=2", [value], [*kept, "orders"], channel="url"
        )
    text = f"https://api.example.com/v1/things?page=2&{_query(rng, values, style)}&sort=asc"
    if look == 3:
        return made(text, values, [*kept, "sort=asc"], channel="text" if style == "snake" else "url")
    if look == 4:
        target = text.removeprefix("https://api.example.com")
        return made(target, values, ["page=2", "/v1/things"], channel="target")
    return made(text, values, [*kept, "/v1/things", "sort=asc"], channel="url")


def percent(rng: Random) -> Built:
    """Values percent-encoded twice or more, and URLs within URLs."""
    draw = Draw(rng, fits=lambda value: value.kind not in {"private_key", "authorization"})
    values, style = draw.values(1, 3), draw.style()
    if rng.random() < 0.5:
        inner = f"https://app.example.com/cb?{_query(rng, values, style)}&ok=1"
        name = rng.choice(("redirect_uri", "next", "continue", "u"))
        text = f"https://api.example.com/login?page=2&{name}={quote(inner, safe='')}"
        return made(text, values, ["page=2", "/login"], channel="url")
    pairs = [(name_of(value, rng, style, 0.2), quote(value.text, safe="")) for value in values]
    text = urlencode([*pairs, ("page", "2")])
    if rng.random() < 0.5:
        return made("/v1/things?" + text, values, ["page=2"], channel="target")
    return made(text, values, ["page=2"], content_type="application/x-www-form-urlencoded")


def fragment_of_login(rng: Random) -> Built:
    """The answer of an implicit OAuth flow (RFC 6749 section 4.2.2), in a Location header."""
    value = Value(jwt(rng), "jwt")
    other = Value(fill("{b:40}", rng), "token")
    text = f"https://app.example.com/cb#access_token={other.text}&token_type=Bearer&expires_in=3600&id_token={value.text}&state=af0ifjsldkj"
    plain = f"Location: {text}\n"
    return {
        "headers": ((b"Location", text.encode()), (b"Content-Length", b"0")), "values": (value, other), "plain": plain,
        "benign": ("token_type=Bearer", "expires_in=3600"), "channel": "headers",
    }  # fmt: skip


BUILDERS: dict[str, Build] = {
    "form": form,
    "multipart": multipart,
    "xml": xml,
    "headers": headers,
    "url": url,
    "percent": percent,
    "redirect": fragment_of_login,
}
