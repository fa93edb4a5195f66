"""Bad uploads, made anew from a seed: a corpus for the decoder and whoever else takes uploads.

``python -m tests.films.hostile`` decodes them all as the pages do, watches its own memory and that
of the processes that decode for it, and prints JSON lines; ``test_hostile.py`` starts it and reads
them. With ``--write DIR`` it writes the bad ones there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil

from tests.films.hostile_dicom import costly_dicom, costly_jpeg2000, dicom_bombs, strange_dicom
from tests.films.hostile_files import Case, foreign, polyglots, seeds
from tests.films.hostile_pictures import (
    bombs,
    costly,
    damaged,
    exif_tricks,
    moving,
    numbers,
    shared_tiles,
    tiny,
    truncated,
)
from xray.errors import FilmError
from xray.films.decode import decode

GROUPS: tuple[Callable[[], Iterator[Case]], ...] = (
    *(truncated, damaged, foreign, polyglots, bombs, tiny, numbers, moving, exif_tricks),
    *(costly, costly_dicom, costly_jpeg2000, shared_tiles, dicom_bombs, strange_dicom),
)


def corpus() -> Iterator[Case]:
    """All cases, one at a time."""
    for group in GROUPS:
        yield from group()


def attempt(case: Case) -> dict[str, object]:
    """Decode one case and say how it went."""
    start, message, outcome = time.monotonic(), "", "film"
    try:
        film = decode(case.data, "upload.bin")
        low, high = float(film.pixels.min()), float(film.pixels.max())
        if not (0 <= low < high <= 1 and film.pixels.dtype == np.float32):
            outcome = f"bad film {low} {high}"
    except FilmError as error:
        outcome, message = "error", str(error)
    except BaseException as error:
        outcome = f"raised {error!r}"
    took = time.monotonic() - start
    return {"name": case.name, "outcome": outcome, "message": message, "seconds": took}


def memory(field: str, process: int | str = "self") -> int:
    """Bytes of a process, from Linux: "VmRSS", or "VmHWM" (most ever resident); 0 if it ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) * 1024 for row in lines if row.startswith(field + ":")), 0)


def decoders() -> list[int]:
    """Processes that decode for this one."""
    return [process.pid for process in psutil.Process().children()]


def write(folder: Path) -> None:
    """Write all that must not decode, for ``python -m benchmarks.load --hostile``."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(each for each in corpus() if each.expect == "error"):
        (folder / f"{number:03}").write_bytes(case.data)


def main() -> None:
    """Decode the corpus; a JSON line before and after each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the bad ones instead")
    if folder := parser.parse_args().write:
        write(folder)
        return
    cases = list(corpus())
    # Whatever is imported on first use is imported now, and not counted.
    decode(seeds()["dicom-jpeg2000"])
    for case in cases:
        print(json.dumps({"begin": case.name}), flush=True)
        watched = ["self", *decoders()]
        for process in watched:
            Path(f"/proc/{process}/clear_refs").write_text("5")  # VmHWM starts again from here
        before = [memory("VmRSS", process) for process in watched]
        result = attempt(case) | {"bytes": len(case.data)}
        peaks = [
            max(0, memory("VmHWM", process) - size)
            for process, size in zip(watched, before, strict=True)
        ]
        ended = sorted(set(watched[1:]) - set(decoders()))
        result |= {"own peak": peaks[0], "peak": max(peaks[1:]), "ended": len(ended)}
        print(json.dumps(result | {"resident": memory("VmRSS")}), flush=True)


if __name__ == "__main__":
    main()
