"""Five figures and tables, as in a notebook: python figures.py MODEL FILMS FILM OUT"""

import sys
from pathlib import Path

import xray

model, films, out = xray.load_model(sys.argv[1]), xray.read_films(sys.argv[2]), Path(sys.argv[4])
results = {
    "metrics": xray.evaluate(model, films),
    "audit": xray.audit(model, films),
    "explanation": xray.explain(model, sys.argv[3]),
    "alike-by-pixels": xray.film_map(films),
    "alike-by-model": xray.film_map(films, model),
}
for name, result in results.items():
    # In a notebook the last line of a cell is enough: result.figure(), or result.frame.
    result.figure().write_html(out / f"{name}.html")
    result.frame.to_csv(out / f"{name}.csv", index=False)
    print(f"{name}: {len(result.frame)} rows, {result.figure().layout.title.text}")
print(results["alike-by-model"].nearest(films.table["file"].iloc[0], 3))
