"""Messages for the redaction bench: usual ones, and texts on which a careless matcher takes for ever.

The usual bodies are written after the documentation of the APIs that they stand for. Whatever looks like a secret is
put together here, so that no scanner mistakes this file for a leak.
"""

import json
from collections.abc import Callable
from typing import Any

_KEY = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"

TARGET = b"/v1/charges/ch_3MqLiJ2eZvKYlo2C1abcdef?limit=10&expand=customer"
HEADERS: list[tuple[bytes, bytes]] = [
    (b"Host", b"api.stripe.com"),
    (b"User-Agent", b"Stripe/v1 PythonBindings/7.1.0"),
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"Connection", b"keep-alive"),
    (b"Authorization", f"Bearer {_KEY}".encode()),
    (b"Content-Type", b"application/x-www-form-urlencoded"),
    (b"Content-Length", b"100"),
    (b"Idempotency-Key", b"3f6f1b1e-6b1c-4b5e-8b1a-1b1b1b1b1b1b"),
    (b"Stripe-Version", b"2024-04-10"),
    (b"Trackingid", b"0123456789abcdef0123456789abcdef"),
    (b"Traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
]

_CLEAN = {
    "id": "ch_3MqLiJ2eZvKYlo2C1abc", "object": "charge", "amount": 2000, "amount_captured": 2000, "application": None,
    "balance_transaction": "txn_3MmlLrLkdIwHu7ix0uke3Ezy", "captured": True, "created": 1679090539, "currency": "usd",
    "description": "Order for two blue widgets", "disputed": False, "livemode": False,
    "metadata": {"order": "A-1002", "shelf": "left"},
    "outcome": {"network_status": "approved_by_network", "reason": None, "risk_level": "normal", "risk_score": 32,
                "seller_message": "Payment complete.", "type": "authorized"},
    "paid": True,
}  # fmt: skip
_DENSE = {
    "id": "cus_9s6XKzkNRiz8i3", "object": "customer", "created": 1679090539, "currency": "usd", "livemode": False,
    "email": "jenny.rosen@example.com", "phone": "+14155552671", "balance": 0, "delinquent": False,
    "description": "wrote from jenny@corp.example last week", "invoice_prefix": "0759376C",
    "shipping": {"carrier": "post", "eta": "2024-04-12", "tracking": "in transit", "weight": 1.2},
    "source": {"number": "4242 4242 4242 4242", "brand": "visa", "exp_month": 12, "exp_year": 2030},
    "metadata": {"order": "A-1002", "api_key": _KEY, "shelf": "left"}, "next_invoice_sequence": 1,
}  # fmt: skip


def _repository(number: int) -> dict[str, Any]:
    """A repository as in a webhook of a code host: mostly addresses and numbers."""
    base = f"https://api.example.com/repos/octo-org/project-{number}"
    parts = (
        "forks", "keys", "collaborators", "teams", "hooks", "issues", "events", "assignees", "branches", "tags",
        "blobs",
        "git/refs", "trees", "statuses", "languages", "stargazers", "contributors", "subscribers", "subscription",
        "commits", "git/commits", "comments", "contents", "compare", "merges", "archive", "downloads", "pulls",
        "milestones", "notifications", "labels", "releases", "deployments",
    )  # fmt: skip
    return {
        "id": 186853002 + number, "node_id": "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=", "name": f"project-{number}",
        "full_name": f"octo-org/project-{number}", "private": False, "html_url": f"https://example.com/octo-org/{number}",
        "description": None, "fork": False, **{f"{part.replace('/', '_')}_url": f"{base}/{part}" for part in parts},
        "created_at": "2019-05-15T15:19:25Z", "updated_at": "2019-05-15T15:19:27Z", "pushed_at": "2019-05-15T15:20:32Z",
        "git_url": f"git://example.com/octo-org/{number}.git", "ssh_url": f"git@example.com:octo-org/{number}.git",
        "size": 0, "stargazers_count": 0, "watchers_count": 0, "language": "Ruby", "has_issues": True, "has_wiki": True,
        "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"}, "default_branch": "main",
        "owner": {
            "login": "octo-org", "id": 21031067, "node_id": "MDQ6VXNlcjIxMDMxMDY3", "type": "Organization",
            "avatar_url": "https://avatars.example.com/u/21031067?v=4", "gravatar_id": "", "site_admin": False,
        },
    }  # fmt: skip


def _webhook() -> bytes:
    commits = [
        {
            "id": f"{number:02d}3ec4a7cd1b1bcd4b3f0a1c5fd1a1f2ddc9e8c6",
            "tree_id": "31b122c26a97cf9af023e9ddab94a82c6e77b0e",
            "distinct": True, "message": f"Correct table {number}", "timestamp": "2019-05-15T15:20:30-07:00",
            "url": f"https://example.com/octo-org/project/commit/{number:02d}3ec4a7cd1b1bcd4b3f0a1c5fd1a1f2ddc9e8c6",
            "author": {"name": "Mona Octocat", "email": "mona@users.noreply.example.com", "username": "mona"},
            "added": [], "removed": [], "modified": [f"docs/step-{number}.md", "README.md"],
        }
        for number in range(7)
    ]  # fmt: skip
    body = {
        "ref": "refs/heads/main", "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246", "created": False,
        "commits": commits, "repository": _repository(1), "organization": _repository(2),
        "sender": {"login": "mona", "id": 21031067, "type": "User", "site_admin": False},
    }  # fmt: skip
    return json.dumps(body, separators=(",", ":")).encode()


BODIES: dict[str, bytes] = {
    "clean 500 B": json.dumps(_CLEAN, separators=(",", ":")).encode(),
    "dense 500 B": json.dumps(_DENSE, separators=(",", ":")).encode(),
    "real 10 KB": _webhook(),
}

Make = Callable[[int], bytes]


def _again(unit: str, before: str = "", after: str = "") -> Make:
    def make(size: int) -> bytes:
        count = max(1, (size - len(before) - len(after)) // len(unit.encode()))
        return (before + unit * count + after).encode()

    return make


_JSON, _TEXT, _FORM, _XML = "application/json", "text/plain", "application/x-www-form-urlencoded", "application/xml"

SHAPES: dict[str, tuple[str, Make]] = {
    "a.a.a. as text": (_TEXT, _again("a.")),
    "a@a@a@ as text": (_TEXT, _again("a@")),
    "a@a.a@a. as text": (_TEXT, _again("a@a.")),
    "digits": (_TEXT, _again("4")),
    "digits with spaces": (_TEXT, _again("4 ")),
    "digits with dashes": (_TEXT, _again("4242-")),
    "card numbers": (_TEXT, _again("4242 4242 4242 4241 ")),
    "telephone beginnings": (_TEXT, _again("+1 (")),
    "dots and digits": (_TEXT, _again("1.2.")),
    "colons and hex": (_TEXT, _again("a1:")),
    "IBAN beginnings": (_TEXT, _again("DE89 3704 ")),
    "token heads": (_TEXT, _again("eyJ")),
    "token heads with dots": (_TEXT, _again("eyJhbGciOi.")),
    "vendor heads": (_TEXT, _again("ghp_")),
    "key ids": (_TEXT, _again("AKIA ")),
    "password=": (_TEXT, _again("password=")),
    "password: in quotes": (_TEXT, _again('password: "')),
    "token:token:": (_TEXT, _again("token:")),
    "a=a=a=": (_TEXT, _again("a=")),
    "backslashes": (_TEXT, _again("\\")),
    "escaped quotes": (_TEXT, _again('\\"')),
    "spaces": (_TEXT, _again(" ")),
    "line breaks": (_TEXT, _again("\r\n")),
    "URL beginnings": (_TEXT, _again("a://")),
    "userinfo without end": (_TEXT, _again("http://a:")),
    "percent signs": (_TEXT, _again("%25")),
    "PEM beginnings": (_TEXT, _again("-----BEGIN PRIVATE KEY-----\n")),
    "one long word": (_TEXT, _again("x")),
    "full-width digits": (_TEXT, _again("\uff14")),
    "zero-width spaces": (_TEXT, _again("4\u200b")),
    "open braces": (_JSON, _again("{")),
    "open brackets": (_JSON, _again("[")),
    "open objects with names": (_JSON, _again('{"a":')),
    "an array of addresses": (_JSON, _again('"a@b.example",', "[", '"x"]')),
    "an array of numbers": (_JSON, _again("4242424242424242,", "[", "0]")),
    "many names": (_JSON, lambda size: json.dumps({f"name_{n}": n for n in range(size // 20)}).encode()),
    "JSON in strings": (_JSON, lambda size: json.dumps({"a": json.dumps({"b": "x" * (size // 2)})}).encode()),
    "one-letter pairs": (_FORM, _again("a=b&")),
    "encoded pairs": (_FORM, _again("a%3Db%26")),
    "open tags": (_XML, _again("<a ")),
    "nested tags": (_XML, _again("<a>")),
    "attributes": (_XML, _again("a='b' ", "<a ", "/>")),
}
"""Name -> content type, and what makes a body of a size."""
