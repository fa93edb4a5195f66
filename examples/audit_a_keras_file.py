"""Audit a Keras file on a folder of films: python audit_a_keras_file.py MODEL FILMS OUT"""

import sys
from pathlib import Path

import xray

model_file, films_folder, out = sys.argv[1], sys.argv[2], Path(sys.argv[3])
model = xray.load_model(model_file, scale="unit")
films = xray.read_films(films_folder)
print(films)

scores = xray.evaluate(model, films)
verdict = xray.audit(model, films)
print(verdict)

verdict.save(out / "audit.json")
xray.report([verdict, scores], title=Path(model_file).stem).save(out / "report.html")
