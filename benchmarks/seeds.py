"""Does another seed give the same verdict? ``python -m benchmarks.seeds MODELS [--json FILE]``.

MODELS is the folder of controls that ``python -m xray controls`` keeps (its ``--models``). The
controls are audited again with other films, other devices and other masks, and judged by the
stored calibration.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._common import parser, report
from xray import battery, lime_evidence, materials, registry, scoring, verdict
from xray.files import artifacts_dir, data_dir


def main() -> int:
    """Judge controls under two seeds and count how many verdicts agree."""
    options = parser(__doc__)
    options.add_argument("models", type=Path, help="folder of trained controls")
    options.add_argument("--most", type=int, default=20, help="how many; default 20")
    options.add_argument("--seed", type=int, default=1, help="the other seed; default 1")
    chosen = options.parse_args()
    folder = data_dir()
    if folder is None:
        print("There are no films to audit on; set XRAY_DATA.", file=sys.stderr)
        return 2
    panel = pd.read_csv(artifacts_dir() / "controls" / "panel.csv")
    panel = panel[panel["truth"] != "doubtful"]
    kept = [name for name in panel["name"] if (chosen.models / name / "card.json").is_file()]
    # In turns from the whole range of scores, so that near cases are among them.
    ranked = panel[panel["name"].isin(kept)].sort_values("score")
    places = np.unique(np.linspace(0, len(ranked) - 1, chosen.most).round().astype(int))
    scale = verdict.load()
    shown = materials.prepare(folder, chosen.seed)
    rows = []
    for _, control in ranked.iloc[places].iterrows():
        model = registry.load(str(control["name"]), chosen.models)
        originals, measured = battery.measure(model, shown.battery)
        lime = lime_evidence.measure(model, shown.cases, chosen.seed)
        films = shown.battery.films
        found = scoring.features(originals, films, measured, lime, chosen.seed)
        score = scale.score(found)
        rows.append(
            {
                "control": control["name"],
                "truth": control["truth"],
                "score": control["score"],
                "again": score.score,
                "flagged": bool(control["flagged"]),
                "flagged_again": scale.flags(score),
            }
        )
    same = sum(row["flagged"] == row["flagged_again"] for row in rows)
    ratios = {f"same verdict with seed {chosen.seed}, of {len(rows)}": same / max(1, len(rows))}
    report("seeds", rows, ratios, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
