"""Where finished audits lie."""

from __future__ import annotations

from pathlib import Path

from xray.environment import artifacts_dir


def home(artifacts: Path | None = None) -> Path:
    """Folder of the audits; that of the artifacts when None."""
    return (artifacts_dir() if artifacts is None else artifacts) / "audits"


def path(model: str, artifacts: Path | None = None, films: str = "") -> Path:
    """Where the audit of a registered model lies; one of other films by the hash of them."""
    return home(artifacts) / (f"{model}@{films[:8]}.json" if films else f"{model}.json")


def beside(model: str) -> list[Path]:
    """Where the audits of a model on other films than the first one's lie."""
    return sorted(home().glob(f"{model}@*.json"))
