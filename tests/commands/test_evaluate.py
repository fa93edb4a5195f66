"""The evaluate command on synthetic films: what it prints, exports, checks and stores."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from xray import parquet
from xray.commands import main
from xray.errors import ModelError
from xray.files import sha256_file, write_table
from xray.models import evaluation, lineup, registry
from xray.models.card import WEIGHTS, Card, read_card, read_predictions, write_card


class Brightness:
    """A model whose log-odds are how bright a film is; quick, and good enough to score."""

    def __init__(self, card, offset=0.0):
        self.card, self.offset = card, offset

    def log_odds_prepared(self, films):
        return 40 * (films.mean(axis=(1, 2)).astype(np.float64) - 0.35) + self.offset


@pytest.fixture
def home(tmp_path, monkeypatch, synthetic_folder):
    """A registered model "bright" whose stored predictions and metrics are its own."""
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    card = Card("bright", title="Bright", size=(32, 32), threshold=0.4, role="user")
    folder = tmp_path / "models" / "bright"
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"no network")
    write_card(card, folder)
    monkeypatch.setattr(registry, "load", lambda name, **_: Brightness(read_card(folder)))
    main.main(["evaluate", "bright", "--data", str(synthetic_folder), "--store"])
    return folder


def run(*arguments):
    return main.main(["evaluate", *map(str, arguments)])


def test_json_holds_a_row_a_model_with_bounds(home, synthetic_folder, tmp_path, capsys):
    assert run("bright", "--data", synthetic_folder, "--json", tmp_path / "m.json") == 0
    (entry,) = json.loads((tmp_path / "m.json").read_text())
    assert entry["model"] == "bright"
    assert (entry["split"], entry["n"], entry["positive"]) == ("test", 16, "PNEUMONIA")
    assert entry["threshold"] == pytest.approx(0.4)
    for metric in ("accuracy", "precision", "recall", "specificity", "f1", "auroc"):
        assert {metric, f"{metric}_low", f"{metric}_high"} <= entry.keys()
    rows = read_predictions("bright")
    assert entry["auroc"] == pytest.approx(
        roc_auc_score(rows["label"] == "PNEUMONIA", rows["log_odds"])
    )
    assert "PNEUMONIA positive" in capsys.readouterr().out


def test_predictions_are_written_in_parts_by_model(home, synthetic_folder, tmp_path, capsys):
    out = tmp_path / "predictions.parquet"
    assert run("bright", "--data", synthetic_folder, "--out", out) == 0
    kept = parquet.read(out, ["file", "log_odds"], {"model": ["bright"], "label": ["NORMAL"]})
    stored = read_predictions("bright")
    stored = stored[stored["label"] == "NORMAL"]
    assert kept.set_index("file")["log_odds"].to_dict() == pytest.approx(
        stored.set_index("file")["log_odds"].to_dict()
    )
    assert len(parquet.page(out, 2, 5)) == 5
    assert run("bright", "--data", synthetic_folder, "--out", tmp_path / "rows.txt") == 2
    assert ".parquet" in capsys.readouterr().err
    (tmp_path / "mine.parquet").mkdir()
    assert run("bright", "--data", synthetic_folder, "--out", tmp_path / "mine.parquet") == 2
    assert (tmp_path / "mine.parquet").is_dir(), "nothing of anybody else's is replaced"


def test_check_passes_on_what_was_stored(home, synthetic_folder, capsys):
    assert run("bright", "--data", synthetic_folder, "--check") == 0
    out = capsys.readouterr().out
    assert "largest difference 0.000000 in probability over 16 films" in out
    assert "stored metrics: reproduced exactly" in out


def test_check_fails_when_the_model_answers_otherwise(home, synthetic_folder, monkeypatch, capsys):
    drifted = Brightness(read_card(home), offset=0.5)
    monkeypatch.setattr(registry, "load", lambda name, **_: drifted)
    assert run("bright", "--data", synthetic_folder) == 0
    assert "BEYOND 0.005" in capsys.readouterr().out
    assert run("bright", "--data", synthetic_folder, "--check") == 2
    assert "does not reproduce" in capsys.readouterr().err


def test_check_fails_when_a_stored_metric_was_changed(home, synthetic_folder, capsys):
    table = pd.read_csv(home / evaluation.METRICS)
    table.loc[0, "value"] += 1e-6
    write_table(home / evaluation.METRICS, table)
    assert run("bright", "--data", synthetic_folder, "--check") == 2
    assert "stored metrics: NOT reproduced" in capsys.readouterr().out


def test_without_films_the_stored_predictions_are_scored(home, capsys):
    assert run("bright", "--check") == 0
    out = capsys.readouterr().out
    assert "No films" in out
    assert "AUROC" in out
    assert "largest difference" not in out


def test_metrics_can_be_stored_again_without_films(home, capsys):
    (home / evaluation.METRICS).unlink()
    assert run("bright", "--check") == 2
    assert run("bright", "--store") == 0
    assert run("bright", "--check") == 0


def test_changed_predictions_are_refused_and_store_mends_them(home, synthetic_folder, capsys):
    table = pd.read_csv(home / "predictions.csv")
    table.loc[0, "log_odds"] += 1
    write_table(home / "predictions.csv", table)
    assert run("bright") == 2
    assert "were changed after they were made" in capsys.readouterr().err
    assert run("bright", "--data", synthetic_folder, "--store") == 0
    assert run("bright", "--data", synthetic_folder, "--check") == 0
    card = read_card(home)
    assert card.files["predictions.csv"] == sha256_file(home / "predictions.csv")


def test_store_keeps_the_other_split(home, synthetic_folder):
    assert run("bright", "--data", synthetic_folder, "--split", "val", "--store") == 0
    rows = read_predictions("bright")
    assert rows["split"].value_counts().to_dict() == {"test": 16, "val": 8}
    scored = pd.read_csv(home / evaluation.METRICS)
    assert set(scored["split"]) == {"test", "val"}


def test_positive_class_and_threshold_can_be_chosen(home, synthetic_folder, tmp_path):
    flags = ("--positive", "NORMAL", "--threshold", "0.2", "--json", tmp_path / "m.json")
    assert run("bright", "--data", synthetic_folder, *flags) == 0
    (entry,) = json.loads((tmp_path / "m.json").read_text())
    rows = read_predictions("bright")
    normal = rows["label"] == "NORMAL"
    assert entry["positive"] == "NORMAL"
    assert entry["recall"] == pytest.approx(np.mean(rows.loc[normal, "probability"] < 0.2))


def test_damaged_films_are_left_out_and_counted(home, synthetic_folder, tmp_path, capsys):
    folder = tmp_path / "films"
    rows = evaluation.choose(synthetic_folder, "test")
    for path in rows["path"]:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((synthetic_folder / path).read_bytes())
    (folder / rows["path"].iloc[0]).write_bytes(b"not a film")
    assert run("bright", "--data", folder) == 0
    out = capsys.readouterr().out
    assert "15 test films" in out
    assert "1 of 16 films cannot be read and are left out" in out


def test_a_run_on_a_part_says_so_beside_its_figures_every_time(
    home, synthetic_folder, tmp_path, capsys
):
    folder, found = tmp_path / "films", tmp_path / "m.json"
    shutil.copytree(synthetic_folder, folder)
    healthy = sorted((folder / "test" / "NORMAL").iterdir())
    shutil.copy(healthy[0], folder / "test" / "PNEUMONIA" / "also.jpeg")
    healthy[1].write_bytes(b"not a film")
    (folder / "test" / "readme.txt").write_text("no film")
    seen = sum(path.is_file() for path in folder.rglob("*"))
    said = (
        f"Of {seen} files of this data set 3 are left out. 2: the same bytes as a film of the "
        "other class; they are in neither; 1: films that cannot be read."
    )
    for _ in range(2):
        assert run("bright", "--data", folder, "--store", "--json", found) == 0
        assert said in capsys.readouterr().out
        assert json.loads(found.read_text())[0]["left_out"] == said
        assert set(pd.read_csv(home / "metrics.csv")["left_out"]) == {said}
        assert read_card(home).left_out == {"test": said}
    assert run("bright", "--check", "--json", found) == 0, "stored metrics are still reproduced"
    assert json.loads(found.read_text())[0]["left_out"] == said
    shown = lineup.line_up([(read_card(home), read_predictions("bright"))])
    assert shown.notes == (f"Bright was judged on a part. {said}",)
    (home / "predictions.csv").unlink()
    assert run("bright", "--data", synthetic_folder, "--store") == 0
    assert "left_out" not in pd.read_csv(home / "metrics.csv")
    assert read_card(home).left_out == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody",), "no model named nobody"),
        (("bright", "--data", "/nowhere"), "is not a folder"),
        (("bright", "--threshold", "1.5"), "between 0 and 1"),
    ],
)
def test_bad_input_is_one_clear_sentence(
    home, monkeypatch, synthetic_folder, capsys, arguments, words
):
    if arguments == ("nobody",):
        monkeypatch.undo()
        arguments = ("nobody", "--data", synthetic_folder)
    assert run(*arguments) == 2
    assert words in capsys.readouterr().err


def test_one_broken_model_does_not_cost_the_others_their_figures(
    home, synthetic_folder, monkeypatch, tmp_path, capsys
):
    def load(name, **_):
        if name == "broken":
            raise ModelError("broken cannot be read.")
        return Brightness(read_card(home))

    monkeypatch.setattr(registry, "load", load)
    code = run("broken", "bright", "--data", synthetic_folder, "--json", tmp_path / "m.json")
    assert code == 2
    assert [entry["model"] for entry in json.loads((tmp_path / "m.json").read_text())] == ["bright"]
    assert "broken cannot be read" in capsys.readouterr().err


def test_what_is_stored_of_other_films_is_not_replaced_unasked(
    home, synthetic_folder, tmp_path, capsys
):
    before = (home / "predictions.csv").read_bytes()
    other = tmp_path / "other"
    for i, film in enumerate(sorted(synthetic_folder.rglob("test/*/*.*"))):
        place = other / film.relative_to(synthetic_folder).with_name(f"new-{i}{film.suffix}")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(film, place)
    assert run("bright", "--data", other, "--store") == 2
    assert "of 16 other films" in capsys.readouterr().err
    assert (home / "predictions.csv").read_bytes() == before
    assert run("bright", "--data", other, "--store", "--force") == 0
    assert set(read_predictions("bright")["file"].str.contains("new-")) == {True}
