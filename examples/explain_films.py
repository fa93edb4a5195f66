"""Explain films, a picture and a table each: python explain_films.py MODEL OUT FILM ..."""

import sys
from pathlib import Path

import xray

model, out = xray.load_model(sys.argv[1]), Path(sys.argv[2])
for name in sys.argv[3:]:
    why = xray.explain(model, name)
    print(f"{Path(name).name}: {why.about}")
    if not why.stable:
        print(f"  not to be read: {why.explanation.why_unstable}")
    why.save(out / f"{Path(name).stem}.png")
    why.weights.to_csv(out / f"{Path(name).stem}.csv", index=False)
