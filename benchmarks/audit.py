"""How long an audit takes, and how much of that its models do not need.

``python -m benchmarks.audit [--models NAME ...] [--json FILE]``: audits models together on the test
films of ``XRAY_DATA`` (synthetic ones, with rendered devices, where it is not set). Counted apart:
cutting devices out and planning, which is done once for any number of models; the models' forward
passes; and all else.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks._common import parser, report
from xray.audits import audit, inputs
from xray.drawing import phantoms
from xray.environment import data_dir
from xray.films.pixels import as_float
from xray.models import precision, registry
from xray.models.model import LogOdds, Model


class Timed(Model):
    """A model that counts the seconds and films of its forward passes."""

    seconds = 0.0
    films = 0

    def log_odds_prepared(self, *args: Any, **options: Any) -> LogOdds:
        """Predict as the model does, and count."""
        start = time.perf_counter()
        found = super().log_odds_prepared(*args, **options)
        self.seconds += time.perf_counter() - start
        self.films += len(found)
        return found


def timed(name: str) -> Timed:
    """A registered model that counts; it is compiled already."""
    loaded = registry.load(name)
    model = Timed(loaded.card, loaded.network)
    model.exact = loaded.exact
    return model


def main() -> int:
    """Audit and print seconds and shares."""
    options = parser(__doc__)
    options.add_argument("--models", nargs="+", default=["basic"])
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as drawn:
        folder = data_dir()
        if folder is None:
            folder = Path(drawn)
            phantoms.write_dataset(folder, n_train=0, n_val=0, n_test=160, seed=0)
        models = [timed(name) for name in chosen.models]
        start = time.perf_counter()
        shown = inputs.prepare(folder)
        drawing = time.perf_counter() - start
        for model in models:
            arithmetic = precision.probe(model).choice
            for films in (shown.films[:96], shown.films[:1]):
                model.log_odds_prepared(model.prepare(as_float(films)), arithmetic)
            model.seconds, model.films = 0.0, 0
        start = time.perf_counter()
        found = audit.audit(models, shown)
        seconds = time.perf_counter() - start
    rows = [
        {
            "model": model.card.name,
            "precision": made.precision,
            "films": len(shown.table),
            "verdict": made.verdict.verdict,
            "drawing_s": drawing,
            "audit_s": seconds,
            "forward_s": model.seconds,
            "predictions": model.films,
        }
        for model, made in zip(models, found, strict=True)
    ]
    forward = sum(model.seconds for model in models)
    ratios = {"share of the audit outside forward passes": 1 - forward / seconds}
    report("audit", rows, ratios, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
