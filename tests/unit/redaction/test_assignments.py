import string
from collections.abc import Iterator
from itertools import pairwise

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.assignments import ASSIGNMENT_FAMILY, find
from sidecar.redaction.key_words import LAST
from sidecar.redaction.kinds import CLASS_OF, MARKER, Class

SECRET = "aB3dE5fG7hJ9kL1mN0pQ"
SHORT = "hunter2x9"

SYNTAXES = """
export API_KEY={}
export TOKEN='{}'
set SECRET_KEY={}
ENV DB_PASSWORD={}
ENV DB_PASSWORD {}
ARG TOKEN={}
DB_PASSWORD={} # comment
password: {}
  - password: "{}"
password = "{}"
spring.datasource.password={}
api-key={}
_authToken={}
//registry.npmjs.org/:_authToken={}
$password = '{}';
const apiKey = "{}";
let token: string = '{}'
String password = "{}";
private static final String API_KEY = "{}";
var secret string = "{}"
apiKey := "{}"
apiKey := `{}`
let password: &str = "{}";
val token: String? = "{}"
password: str = "{}"
self.password = "{}"
@password = "{}"
:password => '{}'
'password' => '{}',
static NSString *const kApiKey = @"{}";
#define API_KEY "{}"
char password[] = "{}";
TOKEN ?= "{}"
TOKEN ::= "{}"
token ||= '{}'
token += "{}"
$env:API_KEY = "{}"
os.environ["TOKEN"] = "{}"
ENV['API_KEY'] = '{}'
process.env.API_KEY || "{}"
os.getenv("DB_PASSWORD", "{}")
System.setProperty("db.password", "{}");
map.put("apiKey", "{}")
define('DB_PASSWORD', '{}');
dictionary {{ "apiKey", "{}" }}
"apiKey" to "{}"
"apiKey" -> "{}"
client.setPassword("{}")
builder.password("{}")
password = SecretStr("{}")
if password == "{}":
if (token === '{}') {{
new Client({{ apiKey: "{}" }})
Client(api_key="{}", region="x")
{{"password":"{}"}}
{{\\"password\\":\\"{}\\"}}
{{"name": "api_key", "value": "{}"}}
"access_tokens": ["{}"]
{{'token': '{}'}}
<password>{}</password>
<ns:Password type="x">{}</ns:Password>
<bean password="{}"/>
<add key="ApiKey" value="{}"/>
<property name="password" value="{}"/>
<string name="api_key">{}</string>
<key>apiKey</key><string>{}</string>
time=1 level=info token={} user=bob
msg="login" password="{}" x=1
token={},user=bob
(password={})
{{token: {}, user: bob}}
[token={}]
/path?api_key={}&x=1
client_secret={}&grant_type=x
Server=db;User Id=sa;Password={};Database=x
AccountName=a;AccountKey={};EndpointSuffix=core
mysql --password={} -u root
cmd --password {} --x
cmd --api-key "{}"
java -Ddb.password={} -jar x.jar
java -Dpassword={} -jar x.jar
mysql -u root -p{} db
mysqldump -uroot -p'{}' db
curl -u admin:{} https://x.y
curl -H "X-Api-Key: {}" https://x
sshpass -p {} ssh x
redis-cli -a {} ping
echo {} | docker login --password-stdin
PGPASSWORD={} psql
CREATE USER 'a'@'b' IDENTIFIED BY '{}';
ALTER USER x WITH PASSWORD '{}'
CREATE LOGIN x WITH PASSWORD = N'{}'
SET PASSWORD FOR 'a'@'b' = PASSWORD('{}')
machine x login y password {}
requirepass {}
ConvertTo-SecureString "{}" -AsPlainText
Password: {}
**Password:** {}
| password | {} |
password for admin: {}
Password (default): {}
my password is {}
Your API key: {}
{} is the password
id:master PW:{}
contraseña: {}
mot de passe : {}
пароль={}
"""


@pytest.mark.parametrize("syntax", SYNTAXES.strip().splitlines())
@pytest.mark.parametrize("value", [SECRET, SHORT])
def test_the_value_alone_is_told_in_every_syntax(syntax: str, value: str) -> None:
    text = syntax.format(value)
    assert [text[start:end] for start, end, _ in find(text, "")] == [value]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("password: |\n  line one\n  line two\nnext: 1", ["line one\n  line two"]),
        ("- name: DB_PASSWORD\n  value: hunter2", ["hunter2"]),
        ('variable "db_password" {\n  type = string\n  default = "hunter2"\n}', ["hunter2"]),
        ("Cookie: sid=38afes7a8; theme=dark", ["38afes7a8", "dark"]),
        ("Set-Cookie: session=38afes7a8; Path=/; HttpOnly", ["38afes7a8"]),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", ["dXNlcjpwYXNzd29yZA=="]),
        ('-H "Authorization: Bearer abc123def456" https://x', ["abc123def456"]),
        ('{"Authorization": "Bearer abc123def456"}', ["abc123def456"]),
        ('Authorization: Digest username="bob", response="6629fae49393"', ['username="bob", response="6629fae49393"']),
        (r'password = "x \"quoted\" y"', [r'x \"quoted\" y']),
        (r'{\"password\":\"a\\\"b\",\"x\":1}', [r"a\\\"b"]),
        ('password = """\nhunter2\n"""', ["\nhunter2\n"]),
        ("password='hunter2", ["hunter2"]),
        ("log\\npassword=hunter2\\nuser=bob", ["hunter2"]),
        ("POSTGRES_PASSWORD=secret", ["secret"]),
        ("password: correct horse battery staple", ["correct horse battery staple"]),
        ("${DB_PASSWORD:-hunter2}", ["hunter2"]),
        ("password=p@ss,w0rd;x", ["p@ss,w0rd;x"]),
        ('"pin": 1234, "x": 1', ["1234"]),
        ("The PIN is 1234.", ["1234"]),
        ("CVV 123", ["123"]),
        ("token: abc123def, password: hunter2", ["abc123def", "hunter2"]),
        ("user=a password=hunter2\nuser=b password=hunter3", ["hunter2", "hunter3"]),
        ("password=[REDACTED:password]hunter2", ["hunter2"]),
    ],
)  # fmt: skip
def test_where_values_begin_and_end(text: str, values: list[str]) -> None:
    assert [text[start:end] for start, end, _ in find(text, "")] == values


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("first_name=Jane&x=1", "Jane", "name"), ("First name: Jane", "Jane", "name"),
        ("Full name: Jane Q. Doe\nx", "Jane Q. Doe", "name"), ('full_name="Jane Doe"', "Jane Doe", "name"),
        ("ssn=078-05-1120", "078-05-1120", "ssn"), ("SSN: 078 05 1120", "078 05 1120", "ssn"),
        ("<ssn>078-05-1120</ssn>", "078-05-1120", "ssn"), ("dob: 1990-02-03", "1990-02-03", "date_of_birth"),
        ("Date of birth: 3 March 1990", "3 March 1990", "date_of_birth"),
        ("phone: +1 415 555 2671", "+1 415 555 2671", "phone"), ("phone=4155552671 x", "4155552671", "phone"),
        ("account_number=12345678,", "12345678", "account_number"),
        ("Account number: 12345678", "12345678", "account_number"),
        ("card_number: 4242 4242 4242 4242", "4242 4242 4242 4242", "card_number"),
        ("passport: C01X00T47", "C01X00T47", "passport"), ("cpf=123.456.789-09", "123.456.789-09", "national_id"),
        ("address: 12 Main St, Springfield", "12 Main St, Springfield", "street"),
        ("Driver license: D1234567", "D1234567", "licence"), ("otp: 123456", "123456", "otp"),
        ("MfaCode=0079", "0079", "otp"), ("otp=0100", "0100", "otp"),
        ("verification code: 123456", "123456", "otp"), ("tax_id=12-3456789", "12-3456789", "tax_id"),
        ("api_key=abc123def456", "abc123def456", "api_key"), ("private_key: abc123def", "abc123def", "private_key"),
    ],
)  # fmt: skip
def test_kinds_are_those_of_the_names(text: str, value: str, kind: str) -> None:
    assert [(text[start:end], found) for start, end, found in find(text, "")] == [(value, kind)]


LOOK_ALIKES = r"""
password = get_password()
password: string;
password: Optional[str] = None
def f(password: str):
func f(token string) {
return api_key
if token == other_token:
expect(token).toBe("x")
token := r.Header.Get("X")
token = config.token
token = request.headers.get("Authorization")
self.password = password
api_key=api_key,
api_key = os.environ["API_KEY"]
const { token } = req.body
password: hashPassword(req.body.password)
password = input("Password: ")
password=$PASSWORD
password: ${DB_PASSWORD}
token: {{ token }}
token: ${{ secrets.GITHUB_TOKEN }}
password: <your-password>
API_KEY=your-api-key-here
password=xxxxx
password: null
token: ""
password=%s
where token = :token
password: vault:secret/data/db#pw
password: !vault |
private_key: /etc/ssl/key.pem
arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db
the token is expired
password must be at least 8 characters
Password: required
Token: expired
The secret to success is hard work
token: The access token
Enter password:
password.reset.title=Reset your password
"password": "Password"
<label>Password</label>
<input type="password" name="token" autocomplete="current-password">
getPassword("user")
t("password")
["password", "token"]
pick(user, "password", "email")
GRANT_TYPE = "password"
TOKEN_HEADER = "X-Auth-Token"
API_KEY = "api_key"
FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"
auth_token = f"{user}:{password}"
key: value
Author: Jane
tokens: 512
token_type: bearer
max_tokens=100
next_page_token: abc123def
next page token: abc123def456
primary_key=id
key=enter
passenger=2
secret_name: my-secret
public_key=AAAAB3NzaC1yc2E
commit=9f86d081884c7d659a2feaa0c55ad015
integrity: sha512-abc==
auth: required
credentials: "same-origin"
session: Morning
session timeout: 30
cookie: chocolate
address: 10.0.0.1
phone: required
first_name: string
first_name=first_name
firstName = req.body.firstName
name: Jane
curl -u "$USER:$PASSWORD" https://x
Usage: cmd --password <password>
use --password option to set
--token TOKEN
PasswordAuthentication no
SELECT password FROM users
'Test::Event::Pass' => '1.302164',
pass the "--exclude" option
passwords: 3 weak, 14 strong
"[REDACTED:token]: x"
"""


@pytest.mark.parametrize("text", LOOK_ALIKES.strip().splitlines())
def test_look_alikes_stay(text: str) -> None:
    assert list(find(text, "")) == []


def test_plain_variables_of_code_stay_where_the_same_line_of_configuration_would_not() -> None:
    line = "password = letmein"
    assert [line[start:end] for start, end, _ in find(line, "")] == ["letmein"]
    assert list(find(f"import x\n\ndef f(letmein):\n    {line}\n", "")) == []


WORDS = st.sampled_from([
    "password", "token", "apiKey", "api key", "secret", "Authorization", "Cookie", "ssn", "first_name", "address", "=",
    ":", ": ", " = ", "=>", '"', "'", "\\", '\\"', "hunter2", "aB3dE5fG7hJ9", "x", "{", "}", "[", "]", "(", ")", ",",
    ", ", ";", "&", "\n", " ", "<", ">", "</", "|", "is ", "Bearer ", "--", "-p ", "curl -u a:", "value", "default",
    "[REDACTED:token]", "é", "密码", "пароль", "12 Main St", "078-05-1120", "\t", "${", "f(",
])  # fmt: skip
TEXTS = st.lists(WORDS, max_size=14).map("".join) | st.text(max_size=60)


@settings(max_examples=400)
@given(TEXTS)
def test_spans_lie_in_the_text_and_outside_markers_and_the_trigger_tells_of_them(text: str) -> None:
    markers = [match.span() for match in MARKER.finditer(text)]
    spans = list(find(text, ""))
    for start, end, kind in spans:
        assert 0 <= start < end <= len(text)
        assert kind in CLASS_OF
        assert all(end <= begin or start >= stop for begin, stop in markers)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    if spans:
        assert re2.compile(ASSIGNMENT_FAMILY.trigger.encode()).search(text.encode()) is not None


@settings(max_examples=300)
@given(TEXTS)
def test_masking_twice_changes_nothing(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


def masked(text: str) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, kind in find(text, ""):
        if start < at:
            continue
        pieces += (text[at:start], f"[REDACTED:{kind}]")
        at = end
    return "".join([*pieces, text[at:]])


@given(st.text(string.ascii_letters + string.digits, min_size=12, max_size=40).filter(lambda text: text[:1].isdigit()))
def test_no_made_up_value_escapes(value: str) -> None:
    for syntax in ("password={}", "token: {}", 'api_key = "{}"', "--secret={}", '"token":"{}"'):
        text = syntax.format(value)
        assert any(text[start:end] == value for start, end, _ in find(text, ""))


def _triggering_names() -> Iterator[str]:
    kept = {kind for kind, rank in CLASS_OF.items() if rank is Class.DETAIL} | {"email", "ip"}
    return (word for word, kind in LAST.items() if kind not in kept and word.isascii())


def test_every_name_of_the_tables_triggers() -> None:
    trigger = re2.compile(ASSIGNMENT_FAMILY.trigger.encode())
    missed = [name for name in _triggering_names() if trigger.search(f"{name}=1".encode()) is None]
    assert missed == []


HOSTILE = [
    "password=",
    "token:token:token:",
    "a=",
    "password",
    "token: ",
    "password is ",
    '"password","',
    "<password>",
    "--password ",
    "curl -u ",
    'name="password" value=',
    "password: |\n  x\n",
    "cookie: a=b; ",
    "\\\\",
    '"\\',
    "x is the password ",
    "token token token=",
    "login x password ",
    "пароль=",
    "address: 12 Main st ",
    "<span ",
]


@pytest.mark.parametrize("piece", [*HOSTILE, 'password="' + "x" * 70_000])
def test_a_text_written_to_keep_us_busy_is_cut_short(piece: str) -> None:
    """Values are few, or the rest is one secret: the number of spans is bounded, and none is lost at the end."""
    text = (piece * (65_536 // len(piece) + 1))[:65_536]
    spans = list(find(text, ""))
    assert len(spans) <= 65_536 // 25


def test_what_follows_too_many_names_is_one_secret() -> None:
    text = "\n".join(f"token{number}=abc{number}" for number in range(4000))
    last = list(find(text, ""))[-1]
    assert last[1:] == (len(text), "secret")


def test_cutting_a_text_short_twice_changes_nothing() -> None:
    once = masked("\n".join(f'token="abc{number}def"' for number in range(4000)))
    assert masked(once) == once


@pytest.mark.parametrize("value", ["hunter2secret", "hunter2token", "hunter2pass", "s3cr3tpassword"])
@pytest.mark.parametrize("text", ["password={}", "export DB_PASSWORD={}", "level=info password={} user=jo"])
def test_a_password_that_ends_like_the_name_of_a_secret_is_one(text: str, value: str) -> None:
    assert masked(text.format(value)) == text.format("[REDACTED:password]")
