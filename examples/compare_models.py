"""Compare models on the same films: python compare_models.py FILMS MODEL MODEL ..."""

import sys

import pandas as pd

import xray

films = xray.read_films(sys.argv[1])
rows = []
for name in sys.argv[2:]:
    result = xray.evaluate(name, films)
    for row in result.metrics.to_dict("records"):
        shown = f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        rows.append({"metric": row["metric"], "model": result.model, "value": shown})
print(films)
print(pd.DataFrame(rows).pivot(index="metric", columns="model", values="value").to_string())
