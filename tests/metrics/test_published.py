"""What stated figures can mean, against confusion matrices made and rounded here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from xray.errors import ArtifactError
from xray.metrics import published


def printed(tp, tn, positive, digits=3):
    """Figures of a confusion matrix as scikit-learn gives them, printed."""
    films = [published.TEST[positive], 624 - published.TEST[positive]]
    y = np.repeat([1, 0], films)
    call = np.r_[np.arange(films[0]) < tp, np.arange(films[1]) >= tn].astype(int)
    values = {
        "accuracy": accuracy_score(y, call),
        "precision": precision_score(y, call, zero_division=0),
        "recall": recall_score(y, call),
        "specificity": recall_score(1 - y, 1 - call),
        "f1": f1_score(y, call),
    }
    return {name: f"{value:.{digits}f}" for name, value in values.items()}


@given(st.sampled_from(["NORMAL", "PNEUMONIA"]), st.data())
@settings(deadline=None, max_examples=25)
def test_the_true_matrix_is_always_among_those_that_fit(positive, data):
    tp = data.draw(st.integers(1, published.TEST[positive]))
    tn = data.draw(st.integers(0, 624 - published.TEST[positive]))
    matrices = published.read(printed(tp, tn, positive), positive).matrices
    assert ((matrices["tp"] == tp) & (matrices["tn"] == tn)).any()
    # Three digits of five figures leave next to nothing open.
    assert len(matrices) <= 6


def test_every_matrix_that_fits_prints_as_stated_or_was_cut():
    stated = {"recall": "0.43", "precision": "0.99"}
    for _, row in published.read(stated, "NORMAL").matrices.iterrows():
        assert 0.425 <= row["tp"] / 234 < 0.44
        assert 0.985 <= row["tp"] / (row["tp"] + row["fp"]) < 1


def test_the_first_write_up_can_only_mean_normal():
    stated = published.WRITE_UPS[0].stated
    assert not published.read(stated, "PNEUMONIA").possible
    reading = published.read(stated, "NORMAL")
    assert (reading.typical().tp, reading.typical().tn) == (100, 389)
    sentence = published.meaning(stated)
    assert "Only with NORMAL as the positive class: 100 of 234" in sentence
    assert "Seen from PNEUMONIA, the same model has recall 0.997 and precision 0.744" in sentence


def test_the_implied_matrix_is_the_same_model_from_either_side():
    stated = published.WRITE_UPS[0].stated
    normal, pneumonia = (published.implied(stated, label) for label in ("NORMAL", "PNEUMONIA"))
    assert (normal.tp, normal.fp, normal.fn, normal.tn) == (100, 1, 134, 389)
    assert pneumonia == normal.flipped()
    assert published.implied({"accuracy": "0.872"}) is None
    assert published.implied({"accuracy": "0.99", "recall": "0.10"}) is None


def test_figures_that_contradict_each_other_are_said_to():
    sentence = published.meaning({"accuracy": "0.99", "recall": "0.43", "precision": "0.50"})
    assert sentence.startswith("No confusion matrix on 234 normal and 390 pneumonia films")
    with pytest.raises(ArtifactError, match="No confusion matrix"):
        published.read({"accuracy": "0.99", "recall": "0.10"}).typical()


def test_what_a_wrong_figure_would_have_to_be():
    stated = printed(370, 200, "PNEUMONIA") | {"accuracy": "0.950"}
    stated = {name: stated[name] for name in ("accuracy", "recall", "specificity")}
    sentence = published.meaning(stated)
    assert f"accuracy {570 / 624:.3f}" in sentence
    # Two figures cannot tell which of them is wrong.
    assert "would make" not in published.meaning({"accuracy": "0.99", "recall": "0.10"})


def test_accuracy_alone_says_how_many_but_not_which():
    assert published.meaning({"accuracy": "0.872"}).startswith("544 of 624 films right")


def test_figures_that_fit_both_ways_are_said_to():
    assert "either class" in published.meaning({"f1": "0.80"})


@pytest.mark.parametrize("text", ["much", "1.2", "-0.1", "78 %"])
def test_a_figure_that_is_none_is_refused(text):
    with pytest.raises(ArtifactError, match="between 0 and 1"):
        published.read({"recall": text})


def test_auroc_alone_has_no_confusion_matrix():
    with pytest.raises(ArtifactError, match="at least one of accuracy"):
        published.read({"auroc": "0.95"})


def test_another_split_has_other_matrices():
    # 238 and 641, as in a stratified 70/15/15 split.
    test = {"NORMAL": 238, "PNEUMONIA": 641}
    assert published.meaning({"accuracy": "0.903"}, test).startswith("794 of 879")


def test_the_table_reads_every_write_up():
    table = published.table()
    assert len(table) == len(published.WRITE_UPS)
    assert (table["means"].str.len() > 20).all()
    assert "recall 0.43" in table["said"].iloc[0]
