"""The card of a model, for people: as facts, as markdown and as a sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.helpers import shelf, two_models
from xray.models.card import Card
from xray.reports import model_card
from xray.training.diagnosis import Sign


def test_the_card_as_markdown_holds_all_and_no_markup_of_strangers() -> None:
    card = Card(
        "mine",
        title="My <b>net</b> | best*",
        recipe="basic",
        size=(64, 64),
        seed=3,
        layers=[{"name": "conv", "type": "Conv2D", "output": [None, 64, 64, 8], "parameters": 80}],
        counts={"train": {"NORMAL": 10, "PNEUMONIA": 20}},
        parameters=80,
    )
    scores = two_models.scored(two_models.made())["basic"]
    text = model_card.markdown(card, scores, [Sign("overfitting", "It overfits.")])
    assert "Not for clinical use" in text
    assert "python -m xray train basic --seed 3" in text
    assert "| conv | Conv2D | 64 x 64 x 8 | 80 |" in text
    assert "AUROC" in text
    assert "overfitting" in text
    assert "<b>" not in text
    html = model_card.facts_html(card)
    assert "train 30" in html


def test_titles_of_few_models_and_of_none() -> None:
    assert model_card.finding([], 0, 0) == "No model yet"
    assert model_card.finding([], 0, 2).endswith("none was judged on test films yet")
    assert (
        model_card.finding([90.2], 1, 1) == "Right on 90 of 100 test films; 1 of 1 model is audited"
    )
    assert model_card.finding([91.0, 74.6], 1, 3) == (
        "Right on 75 to 91 of 100 test films; 1 of 3 models is audited"
    )


def test_a_card_tells_the_verdict() -> None:
    card = Card("basic", title="Model basic")
    text = model_card.markdown(card, None, [], shelf.world("one reader")["basic"]).replace("\\", "")
    assert "**Reads supports.** A support makes it call 9 more of 100 healthy people sick" in text
    assert "with supports 20" in text
    text = model_card.markdown(card, None, [], None, "It was lost.").replace("\\", "")
    assert "**Not audited yet.** It was lost." in text


def test_right_calls_are_counted_on_test_films_alone() -> None:
    table = pd.DataFrame(
        {
            "split": ["val", "test", "test", "test", "test"],
            "label": ["NORMAL", "NORMAL", "NORMAL", "PNEUMONIA", "PNEUMONIA"],
            "log_odds": [9.0, -1.0, 0.5, 0.5, 0.4],
        }
    )
    # A film at the threshold is called: one healthy film too many, one sick film missed.
    assert model_card.right(table, 0.5) == pytest.approx(50)
    assert model_card.right(table, 0.4) == pytest.approx(75)
    assert model_card.right(table.head(1), 0.5) is None


def test_what_is_not_known_is_left_out_of_the_facts() -> None:
    bare = model_card.facts(Card("mine", size=(32, 48)))
    assert set(bare) == {"Format", "Input", "Output", "Threshold"}
    assert bare["Input"].startswith("32 x 48 pixels, 1 channel(s), unit scale, squash")
    assert bare["Threshold"] == "0.5 (probability of PNEUMONIA)", "nobody said where it is from"
    ours = Card("basic", role="recipe", threshold=0.25, seed=0, wall_time_s=150, bytes=2**20)
    known = model_card.facts(ours)
    assert known["Threshold"] == "0.25 (probability of PNEUMONIA, chosen on validation)"
    assert (known["Seed"], known["Training took"], known["File"]) == ("0", "2 minutes", "1.0 MB")
    assert "Format" not in known, "the project's own are Keras networks"
    assert model_card.limits(ours) != model_card.limits(Card("mine"))
    assert "one hospital" not in model_card.limits(Card("mine"))


def test_how_outputs_are_read_is_said() -> None:
    two = Card("mine", output="softmax", positive="covid", positive_index=(1, 2))
    assert model_card.facts(two)["Output"] == "softmax; covid is unit 1 and 2"
    normal = Card("mine", output_name="head", settings={"unit_means_normal": True})
    assert model_card.facts(normal)["Output"] == (
        "sigmoid of 'head'; its unit is the chance of NORMAL"
    )


def test_hashes_are_cut_short_for_people_and_text_is_escaped() -> None:
    html = model_card.facts_html(Card("mine", data="<b>ward</b>", data_hash="d" * 64))
    assert "d" * 12 + "…" in html and "d" * 13 not in html
    assert "&lt;b&gt;ward" in html and "<b>" not in html


def test_layers_are_listed_with_the_shapes_that_they_give() -> None:
    known = {"name": "a", "type": "Dense", "output": [None, 4], "parameters": 12}
    table = model_card.layers(Card("mine", layers=[known, {"name": "b"}]))
    assert table.to_numpy().tolist() == [["a", "Dense", "4", 12], ["b", "", "", 0]]
    assert list(model_card.layers(Card("mine")).columns) == list(table.columns)


def test_the_hub_gets_figures_tags_and_the_text() -> None:
    yaml = pytest.importorskip("yaml")
    card = Card("mine", format="onnx", positive="Covid 19", negative='"well": #1')
    scores = two_models.scored(two_models.made())["basic"]
    scores.loc[scores["metric"] == "f1", "value"] = np.nan
    text = model_card.huggingface(card, scores, [])
    _, head, body = text.split("---\n", 2)
    data = yaml.safe_load(head)
    assert data["library_name"] == "onnx"
    assert data["tags"] == ["chest-x-ray", "covid-19", "not-for-clinical-use"]
    (result,) = data["model-index"][0]["results"]
    assert result["task"]["name"] == 'Covid 19 against "well": #1'
    found = {each["type"]: each["value"] for each in result["metrics"]}
    values = scores.set_index("metric")["value"]
    assert found["roc_auc"] == pytest.approx(values["auroc"], abs=5e-5)
    assert "f1" not in found, "what has no value is not told"
    assert body.strip().startswith("# mine")
    assert "model-index" not in model_card.huggingface(card, None, [])
    ours = yaml.safe_load(model_card.huggingface(Card("basic"), None, []).split("---\n")[1])
    assert ours["tags"][1] == "pneumonia"


def test_a_demonstration_is_said_to_be_of_synthetic_films() -> None:
    assert "synthetic films" in model_card.limits(Card("demo", role="demo"))
    assert "hospital" in model_card.limits(Card("basic", role="recipe"))
