"""A ``sidecar.yaml`` written for a pod, made to run on this machine: other addresses and folders, else the same."""

from pathlib import Path
from typing import Any

import yaml

SECRETS = {"github-token": "ghp_planted_0123456789", "admin-token": "planted-admin-token"}
"""What the examples read from the Secret."""


def local(text: str, folder: Path, provider: str = "http://127.0.0.1:9") -> str:
    """The configuration with every listener on a free port of 127.0.0.1, and all it reads and writes in ``folder``.

    ``provider``: what takes the place of the one provider's address; nothing answers on port 9.
    """
    for name, secret in SECRETS.items():
        (folder / name).write_text(secret + "\n")
    config: dict[str, Any] = yaml.safe_load(in_folder(text, folder))
    config["listen"] = "127.0.0.1:0"
    config["ops"] = {"listen": "127.0.0.1:0"}
    config["admin"] = {**config.get("admin", {}), "listen": "127.0.0.1:0"}
    if "state_dir" in config:
        config["state_dir"] = str(folder)
    config["providers"]["github"]["base_url"] = provider
    return yaml.safe_dump(config)


def in_folder(text: str, folder: Path) -> str:
    """The configuration with its secrets in ``folder``, unchanged otherwise."""
    return text.replace("/run/secrets/sidecar/", f"{folder}/")
