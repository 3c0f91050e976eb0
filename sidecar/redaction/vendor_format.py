"""How one vendor's secret looks, as its documentation tells.

A pattern is written in the syntax that RE2 and ``re`` share, with ASCII classes, and says no more than it must:
vendors ask not to rely on lengths, so most bodies have a least length well under the documented one and no greatest.
"""

from dataclasses import dataclass

API_KEY, TOKEN, SECRET, PASSWORD = "api_key", "token", "secret", "password"
PRIVATE_KEY, SESSION, WEBHOOK = "private_key", "session", "webhook"


@dataclass(frozen=True, slots=True)
class Format:
    r"""A recognisable secret of a vendor.

    ``pattern`` starts where the secret starts, unless the mark that tells the vendor stands inside: then ``pattern``
    starts at the mark, and ``head`` matches the ``width`` characters before it, which belong to the secret.
    ``exact``: nothing of ``\w-`` may follow, where a longer text is something else.
    ``mixed``: a real value has letters of both cases, which tells it from digests and from words.
    ``strict``: not after ``_``, ``-``, ``.`` or ``/`` either, for short or common prefixes.
    ``trigger``: what tells it in a body, if its start is common there; a strict format must start with it.
    ``plain``: a real value may be letters of one case only, so that words are no sign of a placeholder.
    """

    name: str
    kind: str
    pattern: str
    source: str
    exact: bool = False
    mixed: bool = False
    strict: bool = False
    plain: bool = False
    trigger: str = ""
    head: str = ""
    width: int = 0
