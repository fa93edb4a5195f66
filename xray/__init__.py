"""Audit chest X-ray classifiers: do they read lungs, or the devices on the child?

``import xray`` gives the names below. Each is imported when it is first used, so that the import
itself costs nothing. ``docs/api.md`` shows them at work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.2.0"

__all__ = [
    "AuditResult",
    "EvaluationResult",
    "ExplanationResult",
    "FilmMap",
    "Films",
    "ModelWarning",
    "Report",
    "XrayError",
    "audit",
    "evaluate",
    "explain",
    "film_map",
    "load_model",
    "read_films",
    "report",
]

if TYPE_CHECKING:
    from xray.api import (
        AuditResult,
        EvaluationResult,
        ExplanationResult,
        FilmMap,
        Films,
        Report,
        audit,
        evaluate,
        explain,
        film_map,
        load_model,
        read_films,
        report,
    )
    from xray.errors import ModelWarning, XrayError
else:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for."""
        if name not in __all__:
            raise AttributeError(f"module 'xray' has no attribute {name!r}")
        if name in ("ModelWarning", "XrayError"):
            from xray import errors as home
        else:
            from xray import api as home
        return getattr(home, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
