"""Figures of two models side by side, and of the groups that one of them fails on."""

from __future__ import annotations

import numpy as np

from tests.helpers.two_models import TITLES, Films, N, sound
from xray.figures import base, palette
from xray.figures import comparison as figures_pairs
from xray.metrics import bootstrap, comparison
from xray.models import weak_spots


def test_a_pairs_figures_agree_with_the_pair(films: Films) -> None:
    y, log_odds = films
    pair = comparison.compare_all(y, log_odds, dict.fromkeys(log_odds, 0.0), np.arange(N))[0]
    figure = sound(figures_pairs.differences(pair, TITLES))
    assert "AUROC" in base.title(figure)
    # The leader of every metric here is VGG19, whose mark is the one with points.
    assert len(figure.data[1].x) == 5
    labels = np.where(y, "PNEUMONIA", "NORMAL")
    figure = sound(figures_pairs.agreement(pair, TITLES, labels))
    assert sum(sum(trace.x) for trace in figure.data) == N
    assert f"only VGG19 on {pair.mcnemar.only_b}" in base.title(figure)
    assert {trace.marker.color for trace in figure.data} == set(palette.classes().values())
    only_b = pair.cells == f"only {pair.b}"
    sick = int(np.sum(only_b & y))
    wanted = f"only VGG19 right: {sick} PNEUMONIA, {int(only_b.sum()) - sick} NORMAL"
    assert wanted in figure.data[0].y


def test_weak_spots_put_the_worst_at_the_top(films: Films) -> None:
    y, log_odds = films
    half = np.arange(N) < N // 2
    score = np.where(half, log_odds["transfer"], -log_odds["transfer"])
    every = np.ones(N, bool)
    chosen = [
        weak_spots.Stratum("A", "good", half, every),
        weak_spots.Stratum("A", "bad", ~half, every),
    ]
    drawn = bootstrap.resamples(np.arange(N), 100)
    table = weak_spots.by_stratum((y, score, drawn), chosen, "auroc", 0.0)
    figure = sound(figures_pairs.weak_spots(table, 0.5, "basic", "Basic CNN"))
    assert "weakest on bad" in base.title(figure)
    # Plotly draws categories from the bottom.
    assert figure.layout.yaxis.categoryarray[-1].startswith("bad")
