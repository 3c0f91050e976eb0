"""The values of a body that is no JSON, redacted as if it were: all at once, each under its name, beside its siblings.

So a form or an XML document costs one walk and one look of the gate however many values it has, and the rules that look
at siblings (a ``name`` beside an ``email``, a ``value`` beside a ``key``) hold in every format.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

Group = dict[str, str]
"""Values that stand beside each other, by name."""
Leaf = tuple[Group, str]
"""Where a value is: its group, and its name there."""

_LONGEST_PLAIN = 19
"""Characters. A longer name may be a value itself, as a token is; key ids of AWS have twenty."""
_MOST_DIGITS = 3
"""A name with more may be a number or an IP address."""


class Leaves:
    """Gathers values, and redacts them together."""

    __slots__ = ("_groups", "_scrub")

    def __init__(self, scrub: "Scrub") -> None:
        self._scrub = scrub
        self._groups: list[Group] = []

    def group(self) -> Group:
        """A new group."""
        group: Group = {}
        self._groups.append(group)
        return group

    def add(self, group: Group, name: str, value: str) -> Leaf:
        """Put a value into a group, or into one of its own if the name is there already or is no plain one."""
        if name in group or _may_be_value(name):
            group = self.group()
        group[name] = value
        return group, name

    def redact(self) -> None:
        """Redact all that was put in."""
        groups = [group for group in self._groups if group]
        if groups:
            self._scrub.tree(groups[0] if len(groups) == 1 else groups)


def shown(leaf: Leaf) -> str | None:
    """What is left of a value; None if it was dropped."""
    left = leaf[0].get(leaf[1])
    if left is None and (pair := shown_pair(leaf)) is not None:
        return pair[1]
    return left


def shown_pair(leaf: Leaf) -> tuple[str, str] | None:
    """Name and value, where the name may have been a value itself; None if they were dropped."""
    group, name = leaf
    if name in group:
        return name, group[name]
    return next(iter(group.items()), None) if _may_be_value(name) else None


def _may_be_value(name: str) -> bool:
    return len(name) > _LONGEST_PLAIN or "@" in name or sum(map(str.isdigit, name)) > _MOST_DIGITS
