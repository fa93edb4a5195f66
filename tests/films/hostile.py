"""Bad uploads, made anew from a seed: a corpus for the decoder and whoever else takes uploads.

``python hostile.py BYTES`` decodes them all in a process that may take that much memory on top of
what it starts with, and prints JSON lines; ``test_hostile.py`` starts it and reads them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.films.hostile_dicom import costly_dicom, dicom_bombs, strange_dicom
from tests.films.hostile_files import Case, foreign, polyglots, seeds
from tests.films.hostile_pictures import (
    bombs,
    costly,
    damaged,
    exif_tricks,
    moving,
    numbers,
    tiny,
    truncated,
)
from xray.errors import FilmError
from xray.films.decode import decode

GROUPS: tuple[Callable[[], Iterator[Case]], ...] = (
    *(truncated, damaged, foreign, polyglots, bombs, tiny, numbers, moving, exif_tricks),
    *(costly, costly_dicom, dicom_bombs, strange_dicom),
)


def corpus() -> Iterator[Case]:
    """All cases, one at a time."""
    for group in GROUPS:
        yield from group()


def attempt(case: Case) -> dict[str, object]:
    """Decode one case and say how it went."""
    start, message, outcome = time.process_time(), "", "film"
    try:
        film = decode(case.data, "upload.bin")
        low, high = float(film.pixels.min()), float(film.pixels.max())
        if not (0 <= low < high <= 1 and film.pixels.dtype == np.float32):
            outcome = f"bad film {low} {high}"
    except FilmError as error:
        outcome, message = "error", str(error)
    except BaseException as error:
        outcome = f"raised {error!r}"
    took = time.process_time() - start
    return {"name": case.name, "outcome": outcome, "message": message, "seconds": took}


def memory(field: str) -> int:
    """Bytes of this process, from Linux: "VmSize", "VmRSS", or "VmHWM" (most ever resident)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))


def main(allowance: int) -> None:
    """Decode the corpus within ``allowance`` bytes; a JSON line before and after each case."""
    import resource

    cases = list(corpus())
    # Whatever is imported on first use is imported now, and not counted.
    decode(seeds()["dicom-jpeg2000"])
    limit = memory("VmSize") + allowance
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for case in cases:
        print(json.dumps({"begin": case.name}), flush=True)
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts again from here
        before = memory("VmRSS")
        result = attempt(case) | {"bytes": len(case.data)}
        print(json.dumps(result | {"peak": memory("VmHWM") - before}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
