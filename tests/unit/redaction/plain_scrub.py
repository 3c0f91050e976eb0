"""A scrub with rules that fit on one hand, for tests of formats."""

import re
from typing import Any, cast

from sidecar.redaction.kinds import MARKER
from sidecar.redaction.scrub import Scrub

DROPPED = "dropped"
_NAMES = {name: name for name in ("password", "token", "pin", "email", DROPPED)} | {"card": "card_number"}
_SHAPES = re.compile(r"4242(?: ?4242){3}|[\w.]+?@[\w.]+?\.com")


class PlainScrub:
    """Masks values under a few names, one card, and addresses at ``.com``; drops what is called ``dropped``."""

    listed_only = False

    def verdict(self, name: str) -> str | None:
        return _NAMES.get(name.lower().removesuffix("]").rpartition("[")[2])

    def text(self, text: str, name: str = "") -> str:
        return _SHAPES.sub(lambda match: "[REDACTED:email]" if "@" in match[0] else "[REDACTED:card_number]", text)

    def value(self, text: str, name: str = "") -> str | None:
        if name == DROPPED:
            return None
        kind = self.verdict(name)
        return f"[REDACTED:{kind}]" if kind and MARKER.sub("", text).strip() else self.text(text)

    def tree(self, node: Any) -> Any:
        if isinstance(node, str):
            return self.text(node)
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(value, dict | list):
                self.tree(value)
            elif isinstance(value, str | int) and not isinstance(value, bool):
                left = self.value(str(value), key if isinstance(key, str) else "")
                if left is None:
                    del node[key]
                elif left != str(value):
                    node[key] = left
            if isinstance(key, str) and key in node and self.text(key) != key:
                node[self.text(key)] = node.pop(key)
        return node

    def document(self, node: Any) -> Any:
        return self.tree(node)

    def shapes(self, text: str, name: str = "") -> str:
        return self.text(text, name)

    def url(self, text: str) -> str:
        return self.text(text)


def plain_scrub() -> Scrub:
    return cast("Scrub", PlainScrub())
