"""The process that decodes films for another (``xray.films.decoder``): waits, decodes, answers.

Started as ``python -m xray.films.decoder_process MEMORY SECONDS DESCRIPTOR``; ends with its input.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from xray.errors import FilmError
from xray.films import decode, dicom
from xray.films.decoder import Decoded
from xray.films.decoder_channel import Channel
from xray.films.grey import MAX_BYTES, MAX_PIXELS, from_numbers

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None  # type: ignore[assignment]


def main(arguments: list[str]) -> None:
    """Answer until the other end is closed: memory in MiB, seconds, shared memory or ""."""
    memory, seconds = float(arguments[0]), float(arguments[1])
    shared = int(arguments[2]) if arguments[2] else None
    # The terminal's interrupt is for who started us; our end comes with that process's.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Whatever a library prints goes where errors go, and not into the answers.
    os.dup2(2, 1)
    channel = Channel(reading, writing, shared)
    Image.init()
    dicom.preload()
    # What is imported on first use, numpy's share of it.
    from_numbers(np.arange(4096, dtype=np.uint16).reshape(64, 64), "")
    start = _mapped("VmSize")
    _limit(start, memory)
    channel.send({"ready": True})
    while (request := channel.receive()) is not None:
        data = channel.take(min(int(request["bytes"]), MAX_BYTES))
        _limit_time(seconds)
        answer, pixels = _answer(data, request, start, memory)
        channel.send(answer, pixels)


def _answer(
    data: bytes, request: dict[str, Any], start: int, memory: float
) -> tuple[dict[str, Any], memoryview | None]:
    """Decode one film; the facts about it and its pixels, or a sentence."""
    name = str(request["name"])
    decoded: Decoded | None = None
    error = ""
    try:
        decoded = decode.decode_here(data, str(request["kind"]), name)
    except FilmError as refused:
        error = str(refused)
    except MemoryError:
        error = _too_much(name, memory)
    # Most ever mapped, of this film or one before it.
    taken = _mapped("VmPeak") - start
    tired = taken > memory * 2**20 / 2
    if decoded is None:
        # Some libraries call a file damaged when they are refused memory.
        if tired and "damaged" in error:
            error = _too_much(name, memory)
        return {"error": error, "tired": tired}, None
    levels = decoded.levels
    facts = {
        "shape": levels.shape,
        "dtype": levels.dtype.name,
        "mode": decoded.mode,
        "quality": decoded.quality,
        "chroma": decoded.chroma,
        "tired": tired,
    }
    return facts, levels.data.cast("B")


def _too_much(name: str, memory: float) -> str:
    return f"{name} took more than {memory:,.0f} MiB of memory to decode; export it smaller."


def _mapped(field: str) -> int:
    """Bytes of address space, now ("VmSize") or at most ("VmPeak"); 0 where it is not known."""
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return next(
            int(line.split()[1]) * 1024 for line in lines.splitlines() if line.startswith(field)
        )
    return 0


def _limit(start: int, memory: float) -> None:
    """Take no more memory than allowed on top of ``start``, and write no larger file."""
    if resource is None:
        return
    with suppress(ValueError, OSError):
        most, before = start + int(memory * 2**20), resource.getrlimit(resource.RLIMIT_AS)[1]
        if before != resource.RLIM_INFINITY:
            most = min(most, before)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with suppress(ValueError, OSError):
        # The shared memory counts as a file; nothing else is written.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MAX_PIXELS, 4 * MAX_PIXELS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: float) -> None:
    """End with SIGXCPU after so much more processor time, should nobody be left to end us."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
