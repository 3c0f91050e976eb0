"""Pieces of text in which every family of detectors finds something, and the redactors that tests share."""

from hypothesis import strategies as st

from sidecar.redaction.kinds import Class
from sidecar.redaction.redactor import Redactor
from sidecar.redaction.rules import Action, Rules

STRIPE_KEY = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
GITHUB_TOKEN = "ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = (
    "-----BEGIN RSA "
    + "PRIVATE KEY-----\\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Q\\n-----END RSA"
)
PASSWORD = "Tr0ub4dor&3x"

VALUES = {
    "api_key": STRIPE_KEY,
    "token": GITHUB_TOKEN,
    "jwt": JWT,
    "email": "jenny@corp.example",
    "card": "4242 4242 4242 4242",
    "bare_card": "4242424242424242",
    "phone": "+14155552671",
    "iban": "GB82 WEST 1234 5698 7654 32",
    "ssn": "SSN 123-45-6789",
    "ip": "203.0.113.77",
    "userinfo": "https://joe:Tr0ub4dor3x@db.example/a",
    "query": "https://h.example/a?token=abcDEF1234&page=2",
    "bearer": "Bearer abcDEF123456789",
    "assignment": "password=Tr0ub4dor3x",
}
"""Each is found by its shape alone, wherever it stands."""

WORDS = [
    "hello",
    "order 42",
    "2024-05-06T07:08:09Z",
    "v1.2.3",
    "active",
    "1",
    "user_42",
    "no match",
    "naïve",
    "a/b",
    "",
]
HARMLESS = st.sampled_from(WORDS) | st.text("abc XYZ.,-_/", max_size=12)
PIECES = st.sampled_from([
    *VALUES.values(), PEM, "npm" + "_" + "a1B2" * 9, "xoxb-" + "123456789012-1234567890123-" + "AbCd" * 6,
    "AKIA" + "IOSFODNN7EXAMPLE", "jenny%40corp.example", "%34242424242424242", "Basic am9lOlRyMHViNGRvcjN4",
    "https://hooks.slack.com/services/" + "T00000000/B00000000/" + "a1B2c3D4" * 3, "token: abcDEF1234",
    'api_key = "abcDEF1234"', "export DB_PASSWORD=Tr0ub4dor3x", "/reset/token/abcDEF1234", "?sig=abcDEF1234%3D",
    "&key=abcDEF1234", ";ticket=ST-1-abcDEF1234", "#access_token=abcDEF1234", "?iban=x1", "?%74oken=abcDEF1234",
    "Cookie: a=b1; c=ddDD1234", "Authorization: Digest a=b1", "joe:Tr0ub4dor3x@", "ftp://joe:p@h",
    "passport no. C01X00T47",
    "born 1985-03-12", "123 Main Street", "DE89370400440532013000", "00:1A:2B:3C:4D:5E", "2001:db8::1",
    "40.712776,-74.005974",
    "<password>Tr0ub4dor3x</password>", '{"password":"Tr0ub4dor3x"}', "eyJwYXNzd29yZCI6IlRyMHViNGRvcjN4In0=",
    "curl -u joe:Tr0ub4dor3x https://h", "mysql -pTr0ub4dor3x", "--password Tr0ub4dor3x", "密码: Tr0ub4dor3x",
    "\u0664\u0662\u0664\u0662 4242 4242 4242", "4242\u200b424242424242", "[REDACTED:email]", "[REDACTED:a:k1-00ff]",
    " ", "\n", ", ", ": ", "=", "&", "?", "/", '"', "'", "<", ">", "é", "\\n", "%", "@", ".", "-", "x", "7",
])  # fmt: skip
TEXTS = st.lists(PIECES | st.text("0123456789 -.+()/:@Aax=&", max_size=10), max_size=7).map("".join)

HASH_KEY = b"a key for the tests, 32 bytes...."


def by(action: Action, *, secrets: Action | None = None) -> Redactor:
    """A redactor that does the same with everything; ``secrets``: something else with those."""
    return Redactor(
        Rules(
            classes={Class.SECRET: secrets or action, Class.PERSONAL: action, Class.DETAIL: action},
            hash_key=HASH_KEY,
            hash_id="k1",
        )
    )


REDACTORS = {
    "default": Redactor(),
    "mask": by(Action.MASK),
    "partial": by(Action.PARTIAL),
    "hash": by(Action.HASH),
    "drop": by(Action.DROP),
    "keep": by(Action.KEEP, secrets=Action.MASK),
    "allow": Redactor(Rules(allow_list=True, keys={"id": Action.KEEP})),
}
