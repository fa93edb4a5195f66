"""Judge a model group by group of a table's column: python films_of_a_table.py MODEL CSV COLUMN

The table has the columns path and label (NORMAL or PNEUMONIA), and any others.
"""

import sys
from dataclasses import replace

import xray

model, films = xray.load_model(sys.argv[1]), xray.read_films(sys.argv[2])
for group, rows in films.table.groupby(f"about_{sys.argv[3]}"):
    scores = xray.evaluate(model, replace(films, table=rows.reset_index(drop=True)))
    accuracy = scores.metrics.set_index("metric").loc["accuracy"]
    print(
        f"{sys.argv[3]} {group}: {len(rows)} films, accuracy {accuracy['value']:.2f} "
        f"({accuracy['low']:.2f} to {accuracy['high']:.2f})"
    )
