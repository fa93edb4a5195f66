"""Fixtures of the tests of training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.helpers.runs import row_of
from xray.training import ledger


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for fraction in (0.1, 1.0):
        for augmentation in ("none", "moderate"):
            for seed in range(3):
                better = 0.05 * (augmentation == "moderate") * (fraction == 1.0)
                values = {"test_auroc": 0.9 + better + 0.002 * rng.random()}
                epochs = 40 if fraction < 1 else 8
                settings = {"augmentation": augmentation, "fraction": fraction, "epochs": epochs}
                name = f"{augmentation}{fraction}{seed}"
                films = 100 * fraction
                rows.append(row_of(name, seed=seed, train_films=films, **settings, **values))
    rows.append(row_of("bare", class_weight="none", test_called_half=1.0, test_auroc=0.9))
    return pd.DataFrame(rows, columns=ledger.COLUMNS)
