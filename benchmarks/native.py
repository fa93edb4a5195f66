"""Do models call a native film as they call its 224-pixel copy?

``python -m benchmarks.native NATIVE COPIES [--json FILE]``: two folders in the Kaggle layout;
films of the same split, class and name are pairs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks._common import parser, report
from xray.films import decode
from xray.films.resize import resize
from xray.models import registry
from xray.models.card import read_cards


def main() -> int:
    """Predict both sides of every pair with every recipe's model, and compare the calls."""
    options = parser(__doc__)
    options.add_argument("native", type=Path, help="folder of native films")
    options.add_argument("copies", type=Path, help="folder of their copies")
    chosen = options.parse_args()
    names = [path.relative_to(chosen.native) for path in sorted(chosen.native.rglob("*.jpeg"))]
    names = [name for name in names if (chosen.copies / name).is_file()]
    if not names:
        print("There is no film that both folders hold.", file=sys.stderr)
        return 2
    sides = [
        np.stack([resize(decode.read(folder / name).pixels, (224, 224)) for name in names])
        for folder in (chosen.native, chosen.copies)
    ]
    rows = []
    for card in read_cards(roles=("recipe",)):
        model = registry.load(card.name)
        native, copy = (model.log_odds(side) for side in sides)
        cut = card.threshold_log_odds
        rows.append(
            {
                "model": card.name,
                "pairs": len(names),
                "same_call": float(((native >= cut) == (copy >= cut)).mean()),
                "median_difference": float(np.median(np.abs(native - copy))),
                "largest_difference": float(np.abs(native - copy).max()),
            }
        )
    report("native", rows, {}, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
