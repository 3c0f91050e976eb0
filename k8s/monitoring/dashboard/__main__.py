"""Write the dashboard; ``--check`` only says whether it is stale.

python -m k8s.monitoring.dashboard            write k8s/monitoring/dashboard.json, if it differs
python -m k8s.monitoring.dashboard --check    exit 1 when the committed one differs
"""

import json
import sys
from pathlib import Path

from k8s.monitoring.dashboard.page import dashboard

FILE = Path(__file__).resolve().parents[1] / "dashboard.json"


def text() -> str:
    """The file's content. Short lines: ConfigMaps are limited to 1 MiB, an applied one to 256 KiB."""
    return json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` compare."""
    if FILE.exists() and FILE.read_text(encoding="utf-8") == text():
        return 0
    if "--check" in arguments:
        print(f"{FILE.name} is not what its description says: run python -m k8s.monitoring.dashboard", file=sys.stderr)
        return 1
    FILE.write_text(text(), encoding="utf-8")
    print(f"{FILE.name} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
