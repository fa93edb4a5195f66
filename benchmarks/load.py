"""Many visitors on a small machine: sessions over all pages, with uploads among them.

``python -m benchmarks.load [--sessions 50] [--seconds 300] [--hostile DIR] [--share 0.1]
[--json FILE]``. Starts its own server on loopback. Every session opens pages one after the other,
waits like a reader, and now and then uploads a film, has it explained, and looks at the answer.
First every session sees every page once: a session holds what it was shown, so that memory grows
until all have seen all, and only what grows after that would grow for ever. Seconds and answers
count from then on.

With ``--hostile DIR`` all is done twice: first every upload is a film, then a share of them
(``--share``) are files of DIR, such as ``python -m tests.films.hostile --write DIR`` makes. What
counts is how much slower the others' answers are then, each session on the same way as before.

To reach: no error, no lost session, a sentence for each file that is no film, memory that does not
grow after the warm-up, and others' answers at most 1.5 times slower.
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
from benchmarks._visitor import Seen, Visitor
from benchmarks.serving import serve
from xray.drawing import phantoms
from xray.environment import ROOT
from xray.reports import html

#: Never more, whatever is asked for.
MOST_SESSIONS, MOST_SECONDS = 100, 900
UPLOADS, EXPLAIN = "explain", "Explain this film"
#: What the page says of a file that is no film, once it was uploaded.
HOSTILE = "hostile upload"
#: Most that answers to others may be slower, in the middle and at 95 %.
SLOWER = 1.5
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

    def note(self, page: str, seen: Seen) -> None:
        """Add one page that was drawn; only a file that is no film may meet a problem."""
        with self.lock:
            if self.warm:
                self.seconds.setdefault(page, []).append(seen.seconds)
            wrong = seen.errors if page == HOSTILE else {*seen.errors, *seen.problems}
            self.errors += [f"{page}: {error}" for error in wrong]
            if page == HOSTILE and not seen.problems:
                self.errors.append(f"{page}: without a sentence")


@dataclass(frozen=True)
class Plan:
    """What sessions do.

    Attributes
    ----------
    pages : that they open
    seconds : after all have seen all pages
    hostile, share : files that are no films, and the share of uploads that they are
    """

    sessions: int
    seconds: float
    hostile: Sequence[bytes]
    share: float
    pages: tuple[str, ...] = (
        "",
        *sorted({path.stem for path in (ROOT / "pages").glob("*.py")} - {"overview"}),
    )


def memory(process: int) -> float:
    """Resident memory of a process in megabytes."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def itinerary(rng: random.Random, plan: Plan, warm: threading.Barrier) -> Iterator[str]:
    """Every page once, in an order of its own; then, when all are through, any page, for ever."""
    yield from rng.sample(plan.pages, len(plan.pages))
    warm.wait(WARMING)
    while True:
        yield rng.choice(plan.pages)


def visit(url: str, plan: Plan, number: int, tally: Tally, warm: threading.Barrier) -> None:
    """One session: pages in an order of its own, pauses, uploads."""
    rng, luck = random.Random(number), random.Random(-1 - number)
    film = html.png(phantoms.phantom(number % 8, (224, 224)).pixels)
    try:
        with Visitor(url, patience=120) as visitor:
            for page in itinerary(rng, plan, warm):
                if tally.warm and time.monotonic() > tally.warm + plan.seconds:
                    return
                seen = visitor.open(page)
                tally.note(page or "first", seen)
                if page == UPLOADS and seen.uploaders and luck.random() < plan.share:
                    data = luck.choice(plan.hostile)
                    tally.note(HOSTILE, visitor.upload(page, seen.uploaders[0], "film.png", data))
                elif page == UPLOADS and seen.uploaders:
                    seen = visitor.upload(page, seen.uploaders[0], "film.png", film)
                    tally.note("upload", seen)
                    tally.note("asked to explain", visitor.press(page, seen.buttons[EXPLAIN]))
                    time.sleep(luck.uniform(1, 4))
                    tally.note("explanation", visitor.open(page))
                time.sleep(rng.uniform(1, 4))
    except Exception as error:  # a session that ends before its time, for whatever reason
        # Nobody shall wait for it.
        warm.abort()
        with tally.lock:
            tally.lost.append(f"{type(error).__name__}: {error}")


def run(plan: Plan) -> dict[str, Any]:
    """Serve, let the sessions loose, watch the memory, and sum up."""
    tally, samples = Tally(), []
    warm = threading.Barrier(plan.sessions, action=tally.start)
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as server:
        with Visitor(server.url, patience=180) as first:
            first.open("")
        threads = [
            threading.Thread(target=visit, args=(server.url, plan, number, tally, warm))
            for number in range(plan.sessions)
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


def slower(alone: Tally, among: Tally) -> dict[str, float]:
    """How many times slower others' answers are among hostile uploads: all, and the worst page."""
    pages = sorted(alone.seconds.keys() & among.seconds.keys())
    found = {}
    for name, share in (("median", 0.5), ("95 %", 0.95)):
        every = [
            np.quantile(np.concatenate([t.seconds[p] for p in pages]), share)
            for t in (alone, among)
        ]
        found[f"others' answers among hostile uploads, {name}: times slower"] = every[1] / every[0]
        worst = max(
            np.quantile(among.seconds[page], share) / np.quantile(alone.seconds[page], share)
            for page in pages
        )
        found[f"the same of the page that suffers most, {name}"] = worst
    return {name: round(float(value), 2) for name, value in found.items()}


def told(name: str, found: dict[str, Any], path: Path | None) -> bool:
    """Print a run; whether it was without an error and a lost session."""
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
        "errors": len(tally.errors),
        "lost sessions": len(tally.lost),
        "memory at most (MB)": round(max(peaks), 1),
        "memory growth after the warm-up (MB a minute)": round(growth(found["samples"]), 2),
        **found.get("slower", {}),
    }
    print(f"{name}:")
    _common.report("load", rows, figures, path)
    print(f"memory by minute since the warm-up (MB, median): {by_minute(found['samples'])}")
    for words in [*tally.errors, *tally.lost][:10]:
        print(f"seen: {words}")
    if "Traceback" in found["log"]:
        print("the server's log, from its first error on:")
        print(found["log"][found["log"].index("Traceback") :][:4000])
    return found["alive"] and not tally.errors and not tally.lost


def main() -> None:
    """Measure and print; exit code 1 where a goal is missed."""
    parser = _common.parser(__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--hostile", type=Path, metavar="DIR", help="files that are no films")
    parser.add_argument("--share", type=float, default=0.1, help="of uploads that are no films")
    options = parser.parse_args()
    sessions, seconds = min(options.sessions, MOST_SESSIONS), min(options.seconds, MOST_SECONDS)
    alone = run(Plan(sessions, seconds, (), 0.0))
    well = told(f"{sessions} sessions", alone, None if options.hostile else options.json)
    if options.hostile:
        hostile = [file.read_bytes() for file in sorted(options.hostile.iterdir())]
        among = run(Plan(sessions, seconds, hostile, options.share))
        among["slower"] = slower(alone["tally"], among["tally"])
        well &= told(f"{sessions} sessions among hostile uploads", among, options.json)
        well &= all(value <= SLOWER for name, value in among["slower"].items() if "slower" in name)
    if not well:
        sys.exit(1)


if __name__ == "__main__":
    main()
