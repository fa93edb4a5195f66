"""Looks, rows and queues that several tests of labels use."""

from __future__ import annotations

from typing import Any

from xray.labels.format import Row
from xray.labels.store import Store

FILE, OTHER = "test/NORMAL/a.png", "train/PNEUMONIA/b.png"
FILES = [FILE, OTHER]
SIZES = {FILE: (1000, 800), OTHER: (700, 900)}
#: A queue: film -> priority.
QUEUE = {f"test/NORMAL/{i}.jpeg": i / 10 for i in range(5)}


def look(kind: str = "", shape: object = None, **more: object) -> dict[str, object]:
    """A look with one sure device, or none."""
    devices = [{"kind": kind, "geometry": shape, "confidence": 1.0}] if kind else []
    return {"devices": devices, "tech_text": False, "quality": "ok", **more}


def device(kind: str, geometry: list[Any], confidence: float = 1.0) -> dict[str, Any]:
    """One mark of a look."""
    return {"kind": kind, "geometry": geometry, "confidence": confidence}


#: Two films with marks of every kind, two looks and an agreed one.
ROWS = [
    Row(
        FILE,
        (
            {
                "devices": [
                    device("line", [[0.7, 0.1], [1 / 3, 2.5], [3, 4]], 0.15),
                    device("tube", [[5, 0], [5.01, 9.99]], 1),
                    device("electrode", [9.7, 0.3, 0.45], 0.5),
                    device("support", [0, 0, 10, 10]),
                    device("other", [1.1, 2.2, 3.3, 4.4], 0.9),
                ],
                "tech_text": True,
                "quality": "rotated",
                "present": [{"kind": "line", "confidence": 0.4}],
            },
            {"devices": [], "tech_text": False, "quality": "ok"},
        ),
    ),
    Row(OTHER, ({"devices": [], "tech_text": False, "quality": "poor"},), adjudicated=True),
]


def begin(store: Store, name: str) -> tuple[int, int]:
    """Numbers of somebody who labels, and of the look at the first film of ``QUEUE``."""
    store.enqueue("c", QUEUE)
    who = store.labeller(name)
    begun = store.next_film("c", who)
    assert begun is not None
    return who, begun
