"""What makes docs/journey.svg: the rooms of a call, in the order of the code."""

from sidecar.policies.order import ORDER

STEP, WIDTH = 36, 31
"""Pixels from room to room, and of a room."""
LEFT = 140
TOP, HEIGHT = 40, 164

CAPTIONS = (
    ("tracking", "rescue", "ids, log line, answers for errors"),
    ("fallback", "faults", "answers of our own"),
    ("deadline", "idempotency", "time, links, headers, key"),
    ("retry", "attempt", "each attempt: admitted, in turn, judged"),
)
"""First room, last room, what they do."""

_STYLE = """  <style>
    .box { fill: #f6f8fa; stroke: #57606a; stroke-width: 1.5 }
    .wire { fill: #ddf4ff; stroke: #0969da; stroke-width: 1.5 }
    .room { fill: #fff8c5; stroke: #9a6700; stroke-width: 1.5 }
    .in { fill: #24292f; font-size: 13px }
    .small { fill: #57606a; font-size: 11px }
    .free { fill: #8b949e; font-size: 11px }
    .way { stroke: #8b949e; stroke-width: 2; fill: none }
    .tip { fill: #8b949e }
    .house { fill: none; stroke: #8b949e; stroke-width: 1.5; stroke-dasharray: 5 4 }
  </style>
"""


def picture() -> str:
    """The picture as SVG text."""
    rooms = ["wire", "routing", *(policy.name for policy in ORDER), "pool + wire"]
    right = LEFT + STEP * len(rooms)
    far = right + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {far + 108} 268" '
        'font-family="system-ui, \'Segoe UI\', Helvetica, Arial, sans-serif" role="img" aria-labelledby="title about">',
        '  <title id="title">The journey of a call</title>',
        f'  <desc id="about">A request of the app passes {len(rooms)} rooms of the sidecar, from wire to wire, and '
        "reaches the provider. The answer comes back through the same rooms, and its body is streamed. A failed "
        "attempt goes back to retry, and from there inwards again.</desc>",
        _STYLE,
        _text("free", (LEFT + right) // 2, 16, "sidecar, on 127.0.0.1"),
        f'  <rect class="house" x="128" y="24" width="{right - 120}" height="196" rx="10"/>',
        f'  <path class="way" d="M106 62 H{far - 12}"/>',
        f'  <path class="tip" d="M{far - 2} 62 l-11 -6 v12 z"/>',
        f'  <path class="way" d="M{far - 4} 182 H114"/>',
        '  <path class="tip" d="M104 182 l11 -6 v12 z"/>',
        _text("free", 55, 52, "request"),
        _text("free", 55, 206, "answer"),
        _text("free", 55, 221, "as it comes"),
        *_end(8, "your app", "any language"),
        *_end(far, "provider", "Stripe, AWS, ..."),
        '  <g text-anchor="middle">',
    ]
    for index, room in enumerate(rooms):
        parts += _room(index, room)
    parts.append("  </g>")
    for first, last, text in CAPTIONS:
        begin, end = _left(rooms.index(first)), _left(rooms.index(last)) + WIDTH
        parts.append(f'  <path class="way" d="M{begin} 230 H{end}"/>')
        parts.append(_text("free", (begin + end) // 2, 246, text))
    return "\n".join(parts) + "\n</svg>\n"


def _left(index: int) -> int:
    return LEFT + STEP * index


def _room(index: int, name: str) -> list[str]:
    kind = "wire" if name in ("wire", "routing", "pool + wire") else "room"
    x = _left(index)
    return [
        f'    <rect class="{kind}" x="{x}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'    <text class="in" transform="translate({x + 20} {TOP + HEIGHT // 2}) rotate(-90)">{name}</text>',
    ]


def _end(x: int, name: str, about: str) -> list[str]:
    return [
        f'  <rect class="box" x="{x}" y="84" width="94" height="76" rx="8"/>',
        _text("in", x + 47, 119, name),
        _text("small", x + 47, 138, about),
    ]


def _text(kind: str, x: int, y: int, text: str) -> str:
    return f'  <text class="{kind}" x="{x}" y="{y}" text-anchor="middle">{text}</text>'
