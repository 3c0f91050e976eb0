"""Collects header fields from the parser: the one callback that both directions share."""

from sidecar.core.headers import LOWER_NAMES, Field, lower_name


class FieldCollector:
    """``_fields``: what was read of the head, or of the trailer section, in order."""

    __slots__ = ("_fields",)

    _fields: list[Field]

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field. Runs for every header line: a known name costs one look-up."""
        try:
            self._fields.append((LOWER_NAMES[name], name, value))
        except KeyError:
            self._fields.append((lower_name(name), name, value))
