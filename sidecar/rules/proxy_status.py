"""The ``Proxy-Status`` field (RFC 9209): why the app got no clean answer of the provider."""

import re

NAME = "sidecar"
"""How we call ourselves in the field: a token (RFC 9209 section 2)."""

MAX_DETAILS = 256
"""Characters of ``details`` that are passed on; texts of foreign errors may be long."""

# An sf-string holds printable ASCII only (RFC 8941 section 3.3.3).
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


def proxy_status(error: str, details: str = "", *, next_hop: str = "", received_status: int = 0) -> bytes:
    """The field value: ``sidecar; error=connection_timeout; details="..."``.

    ``error``: a type of RFC 9209 section 2.3. ``details``: for people, section 2.1.5. ``next_hop``: host or address
    that was asked, section 2.1.2. ``received_status``: the provider's status, when its answer was broken, section
    2.1.4. What is empty or 0 is left out.
    """
    value = f"{NAME}; error={error}"
    if received_status:
        value += f"; received-status={received_status}"
    if next_hop:
        value += f"; next-hop={_string(next_hop)}"
    if details:
        value += f"; details={_string(details[:MAX_DETAILS])}"
    return value.encode()


def _string(text: str) -> str:
    r"""An sf-string (RFC 8941 section 4.1.6): ``"`` and ``\`` escaped, what is not printable ASCII dropped."""
    text = _UNPRINTABLE.sub("", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
