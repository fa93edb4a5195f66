"""Does another seed give the same verdict? ``python -m benchmarks.seeds MODELS [--json FILE]``.

MODELS is the folder of controls that ``python -m xray controls`` keeps (its ``--models``). The
controls are audited again with other films, other devices and other masks, and judged by the
stored calibration.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks._common import parser, report
from xray.audits import features, inputs, interventions, lime_weights, panel, verdict
from xray.files import artifacts_dir, data_dir
from xray.models import registry


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
    stored = panel.load(artifacts_dir() / "controls")
    names = stored.table["name"]
    kept = [(chosen.models / name / "card.json").is_file() for name in names]
    known = stored.part((stored.table["truth"] != "doubtful").to_numpy() & np.array(kept))
    # In turns from the whole range of scores, so that near cases are among them.
    order = np.argsort(known.table["score"].to_numpy())
    places = np.unique(np.linspace(0, len(order) - 1, chosen.most).round().astype(int))
    scale = verdict.load()
    shown = inputs.prepare(folder, chosen.seed)
    rows = []
    for place in order[places]:
        control, first = known.table.iloc[place], known.score(place, scale)
        model = registry.load(str(control["name"]), chosen.models)
        originals, measured = interventions.measure(model, shown.battery)
        lime = lime_weights.measure(model, shown.cases, chosen.seed)
        films = shown.battery.films
        found = features.features(originals, films, measured, lime, chosen.seed)
        score = scale.score(found)
        rows.append(
            {
                "control": control["name"],
                "truth": control["truth"],
                "score": first.score,
                "again": score.score,
                "flagged": scale.flags(first),
                "flagged_again": scale.flags(score),
                "verdict": verdict.decide(first, scale, verdict.ENOUGH_FILMS)[0],
                "verdict_again": verdict.decide(score, scale, verdict.ENOUGH_FILMS)[0],
            }
        )
    ratios = {
        f"same {what} with seed {chosen.seed}, of {len(rows)}": sum(
            row[key] == row[f"{key}_again"] for row in rows
        )
        / max(1, len(rows))
        for what, key in (("side of the threshold", "flagged"), ("verdict", "verdict"))
    }
    report("seeds", rows, ratios, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
