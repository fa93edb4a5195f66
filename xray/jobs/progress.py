"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

#: Called as ``progress(done, total)`` while work goes on; raises ``Stopped`` to end it.
Progress = Callable[[int, int], None]

#: Called as stage(name) when a new stretch of the work begins, to give its progress callback.
Stage = Callable[[str], Progress | None]
