"""Where finished audits lie."""

from __future__ import annotations

from pathlib import Path

from xray.environment import artifacts_dir


def home(artifacts: Path | None = None) -> Path:
    """Folder of the audits; that of the artifacts when None."""
    return (artifacts_dir() if artifacts is None else artifacts) / "audits"


def path(model: str, artifacts: Path | None = None) -> Path:
    """Where the audit of a registered model lies."""
    return home(artifacts) / f"{model}.json"
