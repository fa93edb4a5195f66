"""Wrong models are named, and sound ones are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xray.models.card import Card
from xray.training import diagnosis

SOUND = {
    "loss": [0.5, 0.3, 0.2, 0.16],
    "val_loss": [0.5, 0.32, 0.25, 0.26],
    "auroc": [0.8, 0.95, 0.98, 0.99],
}


def predictions(right=0.9, n=300, split="test", call=None):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2 == 0
    log_odds = np.where((rng.random(n) < right) == y, 2.0, -2.0)
    if call is not None:
        log_odds[:] = call
    label = np.where(y, "PNEUMONIA", "NORMAL")
    return pd.DataFrame({"split": split, "label": label, "log_odds": log_odds})


def kinds(history=SOUND, table=None):
    card = Card("m", title="Net", size=(8, 8), history=history)
    return {sign.kind: sign.sentence for sign in diagnosis.signs(card, table)}


def test_a_sound_model_shows_no_sign():
    table = pd.concat([predictions(), predictions(split="val")])
    assert kinds(table=table) == {}


@pytest.mark.parametrize(("call", "label"), [(3.0, "PNEUMONIA"), (-3.0, "NORMAL")])
def test_one_call_for_every_film_is_degenerate(call, label):
    assert f"calls 300 of 300 films {label}" in kinds(table=predictions(call=call))["degenerate"]


def test_validation_loss_that_rises_while_training_falls_is_overfitting():
    history = SOUND | {"loss": [0.5, 0.3, 0.1, 0.02], "val_loss": [0.5, 0.3, 0.35, 0.4]}
    sentence = kinds(history)["overfitting"]
    assert "after epoch 2" in sentence
    assert "from 0.300 to 0.400" in sentence


def test_both_losses_rising_is_no_overfitting():
    history = SOUND | {"loss": [0.5, 0.3, 0.35, 0.4], "val_loss": [0.5, 0.3, 0.35, 0.4]}
    assert "overfitting" not in kinds(history)


def test_a_wide_gap_where_the_weights_were_kept_is_overfitting():
    history = SOUND | {"loss": [0.5, 0.3, 0.1, 0.1], "val_loss": [0.5, 0.4, 0.3, 0.31]}
    assert "knows its training films better" in kinds(history)["overfitting"]


def test_a_network_that_has_not_learnt_its_own_films_underfits():
    assert "only 0.900" in kinds(SOUND | {"auroc": [0.7, 0.8, 0.9, 0.9]})["underfitting"]


def test_training_that_stopped_while_improving_underfits():
    history = SOUND | {"val_loss": [0.5, 0.4, 0.3, 0.2]}
    assert "fell by 50% over the last two epochs" in kinds(history)["underfitting"]


def test_validation_that_promises_more_than_test_keeps_is_named():
    table = pd.concat([predictions(0.97, split="val"), predictions(0.8)])
    assert "does not carry over" in kinds(table=table)
    table = pd.concat([predictions(0.82, split="val"), predictions(0.8)])
    assert "does not carry over" not in kinds(table=table)


def test_a_model_of_which_nothing_is_known_shows_no_sign():
    assert kinds({}, None) == {}
