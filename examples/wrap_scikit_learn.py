"""Judge a scikit-learn model: python wrap_scikit_learn.py FILMS

Any object with predict(films) -> probabilities can be judged, audited and explained.
"""

import sys

from sklearn.linear_model import LogisticRegression

import xray

SIZE = (24, 24)


class Pixels:
    """Logistic regression on the grey values of small films."""

    def __init__(self, films: xray.Films) -> None:
        pixels = films.pixels(SIZE).reshape(len(films), -1)
        self.fitted = LogisticRegression(C=0.1).fit(pixels, films.table["label"] == "PNEUMONIA")

    def predict(self, films):
        return self.fitted.predict_proba(films.reshape(len(films), -1))[:, 1]


model = Pixels(xray.read_films(sys.argv[1], "train"))
print(xray.evaluate(xray.load_model(model, name="pixels", size=SIZE), sys.argv[1]))
