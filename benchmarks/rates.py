"""What a film costs, in core-seconds, and from that what a large audit costs in core-hours.

    python -m benchmarks.rates [MODEL ...] [--films N] [--json FILE]

CPU time of this process on one thread, not wall time: what is asked is the bill, and other work
on the machine lengthens only the wall time. Films are drawn by this project; MODEL is a
registered name (default: basic and transfer).
"""

from __future__ import annotations

import os

# Before TensorFlow loads: it reads these once.
for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[_name] = "1"

import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import cv2  # noqa: E402

from benchmarks._common import parser, report  # noqa: E402
from xray.audits import interventions, lime_weights  # noqa: E402
from xray.dataset import index  # noqa: E402
from xray.drawing import phantoms  # noqa: E402
from xray.models import evaluation, registry  # noqa: E402

#: The large audit that is reckoned.
MODELS, FILMS = 50, 100_000


def cost(run: Callable[[], object], units: int) -> float:
    """Core-seconds a unit."""
    start = time.process_time()
    run()
    return (time.process_time() - start) / units


def main() -> None:
    """Measure the rates and reckon."""
    arguments = parser(__doc__)
    arguments.add_argument("models", nargs="*", default=["basic", "transfer"])
    arguments.add_argument("--films", type=int, default=24)
    options = arguments.parse_args()
    cv2.setNumThreads(1)
    index.WORKERS = 1
    n = options.films
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        phantoms.write_dataset(folder, n_train=2, n_val=2, n_test=n, seed=1, size=(224, 224))
        os.environ["XRAY_CACHE"] = place
        indexed = cost(lambda: index.index(folder), n + 4)
        chosen = evaluation.choose(folder, "test")
        films = chosen[["file", "label"]].assign(person="", free=True, marked=False)
        pixels = index.load_pixels(folder, chosen, (224, 224))
        subjects = interventions.subjects(pixels)
        built: list[interventions.Battery] = []
        drawn = cost(lambda: built.append(interventions.build(films, subjects, 0)), n)
        cases = lime_weights.cases(films, subjects, 0, 2)
        shown = 1 + 2 * len(built[0].trials) / n
        for name in options.models:
            model = registry.load(name)
            evaluation.predict(model, folder, chosen)  # compiled before it is timed
            predicted = cost(lambda: evaluation.predict(model, folder, chosen), n)  # noqa: B023
            tested = cost(lambda: interventions.measure(model, built[0]), n)  # noqa: B023
            explained = cost(lambda: lime_weights.measure(model, cases, 0), len(cases))  # noqa: B023
            every = MODELS * FILMS / 3600
            rows.append(
                {
                    "model": name,
                    "index, s a film": round(indexed, 4),
                    "draw, s a film": round(drawn, 3),
                    "predict, s a film": round(predicted, 4),
                    "interventions, s a film": round(tested, 3),
                    "shown, films a film": round(shown, 1),
                    "LIME, s a case": round(explained, 2),
                    "evaluate all, core-hours": round(every * predicted, 1),
                    "interventions on all, core-hours": round(every * tested, 0),
                    "LIME on all, core-hours": round(every * explained, 0),
                }
            )
    once = {
        "index once, core-hours": FILMS * indexed / 3600,
        "draw into all once, core-hours": FILMS * drawn / 3600,
    }
    report("rates", rows, once, options.json)


if __name__ == "__main__":
    main()
