"""How long an audit takes, and how much of that its model does not need.

``python -m benchmarks.audit [--models NAME ...] [--json FILE]``: audits each model on the films
of ``XRAY_DATA`` (synthetic ones where it is not set), once with a quarter of the test films and
once with all. Counted apart: choosing, drawing and painting films, which is done once for any
number of models; the model's forward passes; and all else.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks._common import parser, report
from xray.audits import audit, inputs
from xray.audits.inputs import Materials
from xray.audits.verdict import load
from xray.dataset import index
from xray.drawing import phantoms
from xray.errors import ArtifactError
from xray.files import data_dir
from xray.labels import devices
from xray.models import precision, registry
from xray.models.registry import LogOdds, Model

#: Share of the films in the smaller of the two runs.
QUARTER = 0.25


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


def measure(name: str, shown: Materials, drawing: float) -> dict[str, Any]:
    """Audit one model, its compiling not counted."""
    loaded = registry.load(name)
    arithmetic = precision.probe(loaded).choice
    model = Timed(loaded.card, loaded.network)
    model.exact = loaded.exact
    for films in (shown.films[:64], shown.films[:1]):
        model.log_odds_prepared(model.prepare(films.astype("float32") / 255), arithmetic)
    model.seconds, model.films = 0.0, 0
    try:
        scale = load()
    except ArtifactError:
        scale = None
    start = time.perf_counter()
    found = audit.audit(model, shown, scale, arithmetic)
    seconds = time.perf_counter() - start
    return {
        "model": name,
        "precision": arithmetic,
        "films": len(shown.table),
        "verdict": found.verdict,
        "drawing_s": drawing,
        "audit_s": seconds,
        "forward_s": model.seconds,
        "predictions": model.films,
        "outside_forward": 1 - model.seconds / seconds,
    }


def prepared(folder: Path, share: float) -> tuple[Materials, float]:
    """Materials of a share of a folder's test films, and the seconds they took."""
    start = time.perf_counter()
    table = index.usable(index.index(folder))
    table = table[table["split"] == "test"]
    keep = table.groupby("label").sample(frac=share, random_state=0)["file"]
    with tempfile.TemporaryDirectory() as small:
        for file in keep:
            place = Path(small) / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to((folder / file).resolve())
        shown = inputs.prepare(Path(small))
    return shown, time.perf_counter() - start


def main() -> int:
    """Audit at two sizes and print seconds, shares, and how the cost grows."""
    options = parser(__doc__)
    options.add_argument("--models", nargs="+", default=["basic"])
    chosen = options.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as drawn:
        folder = data_dir()
        if folder is None:
            folder = Path(drawn)
            phantoms.write_dataset(folder, n_train=0, n_val=0, n_test=160, seed=0)
        devices.load()
        for share in (QUARTER, 1.0):
            shown, seconds = prepared(folder, share)
            rows += [measure(name, shown, seconds) for name in chosen.models]
    table = pd.DataFrame(rows)
    ratios = {}
    for name, of in table.groupby("model", sort=False):
        few, all_ = of.iloc[0], of.iloc[-1]
        ratios[f"{name}: share of the audit outside forward passes"] = all_["outside_forward"]
        for part in ("drawing_s", "audit_s"):
            growth = (all_[part] / few[part]) / (all_["films"] / few["films"])
            ratios[f"{name}: {part}, growth against that of films"] = growth
    report("audit", rows, ratios, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
