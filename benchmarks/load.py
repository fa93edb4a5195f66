"""Many visitors on a small machine: sessions over all pages, with uploads among them.

``python -m benchmarks.load [--sessions 50] [--seconds 300] [--hostile DIR] [--share 0.1]
[--json FILE]``. Starts its own server on loopback. Every session opens pages one after the other,
waits like a reader, and now and then uploads a film. A tenth of the uploads (``--share``) are none:
the bytes "no film", or the files of DIR, such as ``python -m tests.films.hostile --write DIR``
makes. First every session sees every page once: a session holds what it was shown, so that memory
grows until all have seen all, and only what grows after that would grow for ever. The seconds count
from then on. To reach: no error, no lost session, and memory that does not grow after this warm-up.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import theilslopes

from benchmarks import _common
from benchmarks._visitor import Visitor
from benchmarks.serving import serve
from xray.drawing import phantoms
from xray.environment import ROOT
from xray.reports import html

#: Never more, whatever is asked for.
MOST_SESSIONS, MOST_SECONDS = 100, 900
UPLOADS = "explain"
#: Seconds that a session waits for the others to have seen all pages.
WARMING = 900


@dataclass
class Tally:
    """What all sessions saw; every change under the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    #: When all sessions had seen all pages (``time.monotonic``); 0 before.
    warm: float = 0.0

    def start(self) -> None:
        """Say that all sessions have seen all pages."""
        self.warm = time.monotonic()

    def note(self, page: str, seconds: float, errors: list[str]) -> None:
        """Add one page that was drawn."""
        with self.lock:
            self.seconds.setdefault(page, []).append(seconds)
            self.errors += [f"{page}: {error}" for error in errors]


def memory(process: int) -> float:
    """Resident memory of a process in megabytes."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def itinerary(rng: random.Random, pages: list[str], warm: threading.Barrier) -> Iterator[str]:
    """Every page once, in an order of its own; then, when all are through, any page, for ever."""
    yield from rng.sample(pages, len(pages))
    warm.wait(WARMING)
    while True:
        yield rng.choice(pages)


def visit(
    url: str,
    pages: list[str],
    number: int,
    tally: Tally,
    warm: threading.Barrier,
    seconds: float,
    hostile: Sequence[bytes],
    share: float,
) -> None:
    """One session: pages in an order of its own, pauses, uploads."""
    rng = random.Random(number)
    film = html.png(phantoms.phantom(number % 8, (224, 224)).pixels)
    try:
        with Visitor(url, patience=120) as visitor:
            for page in itinerary(rng, pages, warm):
                if tally.warm and time.monotonic() > tally.warm + seconds:
                    return
                seen = visitor.open(page)
                tally.note(page or "first", seen.seconds, seen.errors)
                if page == UPLOADS and seen.uploaders:
                    bad = rng.random() < share
                    data = rng.choice(hostile) if bad else film
                    seen = visitor.upload(page, seen.uploaders[0], "film.png", data)
                    tally.note("hostile upload" if bad else "upload", seen.seconds, seen.errors)
                time.sleep(rng.uniform(1, 4))
    except Exception as error:  # a session that ends before its time, for whatever reason
        # Nobody shall wait for it.
        warm.abort()
        with tally.lock:
            tally.lost.append(f"{type(error).__name__}: {error}")


def run(
    sessions: int, seconds: float, hostile: Sequence[bytes] = (b"no film",), share: float = 0.1
) -> dict[str, Any]:
    """Serve, let the sessions loose, watch the memory, and sum up."""
    pages = ["", *sorted(path.stem for path in (ROOT / "pages").glob("*.py"))]
    pages.remove("overview")
    tally, samples = Tally(), []
    warm = threading.Barrier(sessions, action=tally.start)
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as server:
        with Visitor(server.url, patience=180) as first:
            first.open("")
        threads = [
            threading.Thread(
                target=visit, args=(server.url, pages, number, tally, warm, seconds, hostile, share)
            )
            for number in range(sessions)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            samples.append((time.monotonic(), memory(server.process.pid)))
            time.sleep(1)
        alive, log = server.process.poll() is None, server.text()
    # Seconds since all sessions had seen all pages; below 0 before.
    since = [(at - (tally.warm or samples[-1][0]), size) for at, size in samples]
    return {"tally": tally, "samples": since, "alive": alive, "log": log}


def growth(samples: list[tuple[float, float]]) -> float:
    """Megabytes a minute after the warm-up: Theil and Sen's slope, which peaks do not move."""
    late = np.array([sample for sample in samples if sample[0] >= 0])
    return float(60 * theilslopes(late[:, 1], late[:, 0])[0]) if len(late) > 2 else float("nan")


def by_minute(samples: list[tuple[float, float]]) -> str:
    """Median memory of each minute, in megabytes; the warm-up's minutes are below 0."""
    minutes = np.array([seconds // 60 for seconds, _ in samples])
    sizes = np.array([megabytes for _, megabytes in samples])
    return ", ".join(f"{m:.0f}: {np.median(sizes[minutes == m]):.0f}" for m in np.unique(minutes))


def main() -> None:
    """Measure and print; exit code 1 where an error or a lost session was seen."""
    parser = _common.parser(__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--hostile", type=Path, metavar="DIR", help="files that are no films")
    parser.add_argument("--share", type=float, default=0.1, help="of uploads that are no films")
    options = parser.parse_args()
    sessions = min(options.sessions, MOST_SESSIONS)
    hostile: list[bytes] = [b"no film"]
    if options.hostile:
        hostile = [file.read_bytes() for file in sorted(options.hostile.iterdir())]
    found = run(sessions, min(options.seconds, MOST_SECONDS), hostile, options.share)
    tally = found["tally"]
    rows = [
        {
            "page": page,
            "drawn": len(values),
            "median s": round(float(np.median(values)), 2),
            "95 % s": round(float(np.quantile(values, 0.95)), 2),
        }
        for page, values in sorted(tally.seconds.items())
    ]
    peaks = [megabytes for _, megabytes in found["samples"]]
    figures = {
        "sessions": sessions,
        "errors": len(tally.errors),
        "lost sessions": len(tally.lost),
        "memory at most (MB)": round(max(peaks), 1),
        "memory growth after the warm-up (MB a minute)": round(growth(found["samples"]), 2),
    }
    _common.report("load", rows, figures, options.json)
    print(f"memory by minute since the warm-up (MB, median): {by_minute(found['samples'])}")
    for words in [*tally.errors, *tally.lost][:10]:
        print(f"seen: {words}")
    if "Traceback" in found["log"]:
        print("the server's log, from its first error on:")
        print(found["log"][found["log"].index("Traceback") :][:4000])
    if tally.errors or tally.lost or not found["alive"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
