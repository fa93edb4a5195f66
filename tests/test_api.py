"""The public API: its page of documentation runs, its examples run, and it refuses bad input."""

from __future__ import annotations

import ast
import functools
import json
import re
import runpy
import subprocess
import sys
import warnings
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

import xray
from tests.helpers.brightness import films_by_brightness
from tests.helpers.fakes import Gives
from tests.helpers.worn import few_layers
from xray.audits import inputs
from xray.commands.main import main
from xray.drawing.phantoms import phantom, write_dataset, write_film
from xray.environment import ROOT
from xray.errors import DatasetError, FilmError, ModelError
from xray.metrics import scores
from xray.models import card, evaluation

SIDE = 48
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the documentation has it: films, a table of films, a model, one film."""
    folder = tmp_path_factory.mktemp("api")
    table = write_dataset(folder / "films", 24, 0, 20, seed=5, size=(SIDE, SIDE))
    table = table.assign(Ward=np.arange(len(table)) % 2, Child=np.arange(len(table)) // 2)
    names = {"file": "File", "label": "Finding"}
    path = "films/" + table["file"]
    table.assign(file=path).rename(columns=names).to_csv(folder / "listed.csv", index=False)
    kept = table.assign(path=path)[["path", "label", "split", "Ward"]]
    kept.to_csv(folder / "wards.csv", index=False)
    write_film(folder / "film.png", phantom(1, (96, 80), "PNEUMONIA").pixels)
    network().save(folder / "my.keras")
    return folder


def network() -> Any:
    """A small network that weighs the pixels of a film."""
    entry = keras.Input((32, 32, 1))
    weights = keras.initializers.RandomNormal(stddev=0.05, seed=1)
    flat = keras.layers.Flatten()(keras.layers.AveragePooling2D(2)(entry))
    last = keras.layers.Dense(1, activation="sigmoid", kernel_initializer=weights)
    return keras.Model(entry, last(flat))


@pytest.fixture(autouse=True)
def prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an audit shows to models depends on the films alone, and takes the longest."""
    monkeypatch.setattr(inputs, "prepare", _prepare)
    monkeypatch.setattr(inputs.rendering, "read", few_layers)
    monkeypatch.setattr(inputs, "SIDE", 64)


_real_prepare = inputs.prepare
_prepared: dict[tuple[Path, int, str], inputs.Materials] = {}


@functools.wraps(_real_prepare)
def _prepare(
    folder: Path, seed: int = 0, split: str = "test", *rest: Any, **named: Any
) -> inputs.Materials:
    key = (folder.resolve(), seed, split)
    if key not in _prepared:
        _prepared[key] = _real_prepare(folder, seed, split, *rest, **named)
    return _prepared[key]


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in that folder."""
    monkeypatch.chdir(place)
    return place


# --- documentation and examples --------------------------------------------------------------


def test_the_documentation_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    assert len(blocks) >= 8
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/api.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "20 test films: 10 NORMAL, 10 PNEUMONIA." in printed
    assert re.search(r"AUROC 0\.\d\d \(0\.\d\d to \d\.\d\d\)", printed)
    assert "no such folder is not a folder" in printed
    (audited,) = json.loads((here / "audit.json").read_text())
    assert audited["verdict"] == names["result"].verdict
    assert audited["effects"]
    (scored,) = json.loads((here / "scores.json").read_text())
    assert scored["auroc_low"] <= scored["auroc"] <= scored["auroc_high"]
    html = (here / "report.html").read_text()
    assert all(word in html for word in ("<h1>My model</h1>", "brightness", "AUROC"))
    assert "synthetic-" not in html, "names of films stay out of reports"
    assert 'content="default-src' in html


#: Example -> its arguments, its exit code, and what it prints.
RUNS: dict[str, tuple[list[str], int, str]] = {
    "audit_a_keras_file": (["my.keras", "films", "."], 0, r"20 test films(.|\n)*my: [a-z ]+\n"),
    "compare_models": (["films", "my.keras", "other.keras"], 0, r"auroc +\d\.\d{3} \(.*\(.*\)"),
    "explain_films": (["my.keras", ".", "film.png"], 0, r"film.png: my calls it (NORMAL|PNEU)"),
    "figures": (
        ["my.keras", "films", "film.png", "."],
        0,
        r"metrics: \d+ rows, (.|\n)*alike-by-model: 20 rows, 20 films, alike by my(.|\n)*distance",
    ),
    "films_of_a_table": (["my.keras", "wards.csv", "Ward"], 0, r"Ward 1: 10 films, accuracy 0\."),
    "stop_a_pipeline": (
        ["my.keras", "films"],
        0,
        r"my: (cannot be judged|inconclusive|no reliance)",
    ),
    "wrap_scikit_learn": (["films"], 0, r"pixels: 20 test films(.|\n)*AUROC +\d\.\d{3} \("),
}


def test_there_are_enough_short_examples() -> None:
    assert {path.stem for path in EXAMPLES} == set(RUNS)
    assert len(RUNS) >= 5
    assert max(len(path.read_text().splitlines()) for path in EXAMPLES) <= 30


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_runs(
    path: Path, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, code, printed = RUNS[path.stem]
    if "other.keras" in arguments:
        network().save("other.keras")
    monkeypatch.setattr(sys, "argv", [path.name, *arguments])
    ended: Any = 0
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        ended = end.code
    assert ended == code
    assert re.search(printed, capsys.readouterr().out)


# --- the front door --------------------------------------------------------------------------


def test_the_import_loads_nothing_and_knows_its_names() -> None:
    code = (
        "import sys, xray\n"
        "own = [name for name in sys.modules if name.startswith('xray.')]\n"
        "assert not own and 'numpy' not in sys.modules, own\n"
        "assert set(xray.__all__) <= set(dir(xray)) and len(xray.__all__) <= 15\n"
        "assert all(getattr(xray, name) is not None for name in xray.__all__)\n"
        "assert 'tensorflow' not in sys.modules and 'streamlit' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    with pytest.raises(AttributeError, match="no attribute 'train'"):
        xray.train  # type: ignore[attr-defined]  # noqa: B018


def test_types_are_told_of_every_name() -> None:
    tree = ast.parse((ROOT / "xray" / "__init__.py").read_text())
    (typing,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = [each for each in typing.body if isinstance(each, ast.ImportFrom)]
    assert {alias.name for each in imported for alias in each.names} == set(xray.__all__)
    assert (ROOT / "xray" / "py.typed").is_file()


def test_results_are_frozen_and_show_themselves(here: Path) -> None:
    films, model = xray.read_films("films"), xray.load_model("my.keras")
    found = [films, xray.evaluate(model, films), xray.audit(model, films)]
    found += [xray.explain(model, "film.png"), xray.report(found[1:])]
    for each in found:
        with pytest.raises(FrozenInstanceError):
            each.model = "x"  # type: ignore[union-attr, misc]
        html = each._repr_html_()
        assert html.startswith('<div class="xray-result">')
        assert "<script" not in html
        assert str(each)
    assert "10 NORMAL" in films._repr_html_()


def test_what_a_stranger_named_is_escaped(here: Path) -> None:
    model = xray.load_model(Gives(0.3), name="<script>x</script>", size=(16, 16))
    assert "<script" not in xray.evaluate(model, "films")._repr_html_()


# --- both doors give the same ----------------------------------------------------------------


def test_command_line_and_library_agree(here: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit.json"
    assert main(["audit", "my.keras", "--data", "films", "--json", str(out)]) == 0
    assert json.loads(out.read_text()) == [xray.audit("my.keras", "films").to_json()]
    assert main(["evaluate", "my.keras", "--data", "films", "--json", str(out)]) == 0
    assert json.loads(out.read_text()) == [xray.evaluate("my.keras", "films").to_json()]


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        (Gives(0.5), {"threshold": 1.0}, "between 0 and 1"),
        ("no-such-model", {}, "no model named"),
        ("my.keras", {"size": (9, 9)}, "leave --size out"),
        ("basic", {"scale": "byte"}, "basic is registered"),
    ],
)
def test_models_that_are_refused(
    source: Any, options: dict[str, Any], says: str, here: Path
) -> None:
    with pytest.raises(ModelError, match=says):
        xray.load_model(source, **options)


def test_both_doors_draw_the_same_patients(tmp_path: Path) -> None:
    """Names that tell of patients, as the public set's do, make the intervals."""
    films = tmp_path / "films"
    for number in range(24):
        name = f"person{number // 2}_virus_{number}" if number % 2 else f"IM-{number // 4:04}-0001"
        label = "PNEUMONIA" if number % 2 else "NORMAL"
        drawn = phantom(number, (SIDE, SIDE), label).pixels
        write_film(films / "test" / label / f"{name}-{number}.jpeg", drawn)
    network().save(tmp_path / "my.keras")
    out = tmp_path / "e.json"
    line = ["evaluate", str(tmp_path / "my.keras"), "--data", str(films), "--json", str(out)]
    assert main(line) == 0
    found = xray.evaluate(tmp_path / "my.keras", films)
    assert json.loads(out.read_text()) == [found.to_json()]
    alone = scores.scores(
        (found.predictions["label"] == "PNEUMONIA").to_numpy(),
        found.predictions["log_odds"].to_numpy(),
        0.0,
    ).set_index("metric")
    metrics = found.metrics.set_index("metric")
    assert metrics.loc["auroc", "value"] == alone.loc["auroc", "value"]
    assert metrics.loc["auroc", "low"] != alone.loc["auroc", "low"], "patients are drawn, not films"


class Bright:
    """Calls bright films sick, or dark ones."""

    def __init__(self, sign: float) -> None:
        self.sign = sign

    def predict(self, films: Any) -> Any:
        return 1 / (1 + np.exp(-self.sign * 20 * (films.mean(axis=(1, 2)) - 0.5)))


@pytest.fixture(scope="module")
def bright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films that this program did not draw: dark healthy and bright sick ones."""
    return films_by_brightness(tmp_path_factory.mktemp("bright"))


@pytest.mark.parametrize("door", ["evaluate", "audit"])
def test_a_model_with_wrong_options_is_warned_of(
    door: str, bright: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise DatasetError("far enough")

    monkeypatch.setattr(
        inputs if door == "audit" else evaluation, "prepare" if door == "audit" else "predict", stop
    )
    said = r"classes are probably declared otherwise.*Load it with positive_index=\(0,\)\.$"
    with pytest.raises(DatasetError, match="far"), pytest.warns(xray.ModelWarning, match=said):
        getattr(xray, door)(xray.load_model(Bright(-1), size=(16, 16)), bright)
    with pytest.raises(DatasetError, match="far"), warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(xray, door)(xray.load_model(Bright(1), size=(16, 16)), bright)


# --- films -----------------------------------------------------------------------------------


def test_films_of_a_folder_and_of_a_table_are_the_same(here: Path) -> None:
    films, listed = xray.read_films("films"), xray.read_films("wards.csv")
    assert sorted(films.table["sha256"]) == sorted(listed.table["sha256"])
    assert listed.split == "test" and len(listed) == 20
    whole = xray.read_films("listed.csv", columns="path=File,label=Finding,patient=Child")
    assert whole.split == "" and len(whole) == 44
    assert whole.table["person"].nunique() == 22
    assert not (here / "collection.json").exists(), "reading writes nothing beside the films"
    by_file = xray.evaluate("my.keras", films).metrics
    by_table = xray.evaluate("my.keras", listed).metrics
    pd.testing.assert_frame_equal(by_file, by_table)


def test_films_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    write_dataset(tmp_path, 0, 0, 6, seed=2, size=(SIDE, SIDE))
    broken = next((tmp_path / "test" / "NORMAL").iterdir())
    broken.write_bytes(b"no film")
    films = xray.read_films(tmp_path)
    assert len(films) == 5
    assert broken.name in str(films)


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        ("nowhere", {}, "not a folder"),
        ("films", {"split": "val"}, "holds no val films, but: test, train"),
        ("listed.csv", {"columns": "path=Where"}, "no column Where; it has: File"),
    ],
)
def test_films_that_are_refused(
    source: str, options: dict[str, Any], says: str, here: Path
) -> None:
    with pytest.raises(DatasetError, match=says):
        xray.read_films(source, **options)


# --- results ---------------------------------------------------------------------------------


def test_metrics_are_those_of_the_predictions(here: Path) -> None:
    found = xray.evaluate("my.keras", "films", threshold=0.4)
    rows = found.predictions
    right = (rows["probability"] >= 0.4) == (rows["label"] == "PNEUMONIA")
    metrics = found.metrics.set_index("metric")
    assert metrics.loc["accuracy", "value"] == pytest.approx(right.mean())
    turned = xray.evaluate("my.keras", "films", threshold=0.4, positive="NORMAL")
    assert turned.metrics.set_index("metric").loc["recall", "value"] == pytest.approx(
        metrics.loc["specificity", "value"]
    )
    with pytest.raises(DatasetError, match="positive is one of"):
        xray.evaluate("my.keras", "films", positive="COVID")
    with pytest.raises(ModelError, match="between 0 and 1"):
        xray.evaluate("my.keras", "films", threshold=1.5)


def test_an_explanation_is_the_same_for_a_file_and_its_pixels(here: Path) -> None:
    from xray.films import decode

    why = xray.explain("my.keras", "film.png", n_superpixels=20)
    again = xray.explain("my.keras", decode.read(Path("film.png")).pixels, n_superpixels=20)
    pd.testing.assert_frame_equal(why.weights, again.weights)
    assert why.call == ("PNEUMONIA" if why.probability >= 0.5 else "NORMAL")
    assert why.overlay.shape == (96, 80, 3)
    picture = why.figure().data[0]
    assert np.asarray(picture.z).shape == (96, 80, 3)
    assert why.about.removesuffix(".") in why.figure().layout.title.text


@pytest.mark.parametrize(
    ("film", "settings", "says"),
    [
        ("nothing.png", {}, "is not there"),
        (np.zeros((4, 4, 3)), {}, "grey values from 0 to 1"),
        (np.full((40, 40), 255.0), {}, "grey values from 0 to 1"),
        ("film.png", {"superpixels": 9}, "no setting superpixels"),
        ("film.png", {"fill": "hair"}, "Unknown fill"),
    ],
)
def test_films_that_cannot_be_explained(
    film: Any, settings: dict[str, Any], says: str, here: Path
) -> None:
    with pytest.raises(FilmError, match=says):
        xray.explain("my.keras", film, **settings)


def test_an_empty_report_and_another_format_are_refused(here: Path) -> None:
    with pytest.raises(xray.XrayError, match="needs results"):
        xray.report([])
    with pytest.raises(FilmError, match=r"\.png"):
        xray.explain("my.keras", "film.png", n_superpixels=20).save("film.jpeg")
    assert not Path("film.jpeg").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": "foo"},
        {"colour": "BGR"},
        {"fit": "foo"},
        {"output": "both"},
        {"threshold": "0.5"},
        {"threshold": 1.0},
    ],
)
def test_options_that_there_are_not_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"is one of|is a probability"):
        card.of_options("a", **wrong)


def test_other_names_of_options_are_taken() -> None:
    made = card.of_options("a", scale="caffe", fit="pad", size=64)
    assert (made.scale, made.fit, made.size) == ("imagenet", "letterbox", (64, 64))


def test_what_is_no_film_and_no_result_is_refused_in_words() -> None:
    nothing: Any = None
    with pytest.raises(xray.XrayError, match="Give read_films a folder"):
        xray.read_films(nothing)
    numbers: Any = [1]
    with pytest.raises(xray.XrayError, match="results of audit"):
        xray.report(numbers)
