"""``add`` looks before it believes, ``audit --fail-on`` and ``card`` serve pipelines."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers import networks as tiny
from xray.commands import audit
from xray.commands.main import main
from xray.errors import ModelError
from xray.models import registry
from xray.models.card import models_dir, read_card, read_predictions

keras = pytest.importorskip("keras")
layers = keras.layers


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    return tmp_path / "artifacts"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that says nothing of synthetic films: dark healthy, bright sick ones."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(4)
    for split, n in (("train", 40), ("test", 12)):
        for label, mean in (("NORMAL", 90), ("PNEUMONIA", 160)):
            (folder / split / label).mkdir(parents=True)
            for number in range(n):
                grey = rng.normal(mean, 30, (64, 64)).clip(0, 255).astype(np.uint8)
                Image.fromarray(grey).save(folder / split / label / f"{number}.png")
    return folder


def _bright(path: Path, units: int = 1, sign: float = 1.0) -> Path:
    """A network that calls bright films: of unit inputs, 0.5 and more."""
    entry = keras.Input((tiny.SIDE, tiny.SIDE, 1))
    x = layers.GlobalAveragePooling2D()(entry)
    end = layers.Dense(units, activation="sigmoid" if units == 1 else "softmax")
    net = keras.Model(entry, end(x))
    weights = np.array([[20.0]]) if units == 1 else np.array([[0.0, 20.0]])
    bias = np.array([-10.0]) if units == 1 else np.array([0.0, -10.0])
    end.set_weights([sign * weights, sign * bias])
    net.save(path)
    return path


def test_upside_down_is_refused_with_what_mends_it(
    tmp_path: Path, films: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _bright(tmp_path / "hidden.keras", sign=-1)
    line = ["add", str(path), "--name", "down", "--data", str(films)]
    assert main(line) == 2
    said = capsys.readouterr()
    assert "--positive-index 0" in said.err
    assert "as given" in said.out
    assert "hidden" not in said.err + said.out and "error: down is not shown" in said.err
    assert not artifacts.exists()
    assert main([*line, "--positive-index", "0"]) == 0
    stored = read_predictions("down")
    sick = stored["label"] == "PNEUMONIA"
    assert stored.loc[sick, "log_odds"].min() > stored.loc[~sick, "log_odds"].max()
    assert main([*line[:3], "forced", *line[4:], "--force"]) == 0


def test_the_same_check_guards_the_other_commands(
    tmp_path: Path, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(_bright(tmp_path / "two.keras", units=2, sign=-1))
    film = str(next(films.glob("test/NORMAL/*")))
    given = ["--data", str(films)]
    assert main(["evaluate", path, *given]) == 2
    assert "--positive-index 0" in capsys.readouterr().err
    assert main(["evaluate", path, *given, "--positive-index", "0"]) == 0
    assert main(["evaluate", path, *given, "--force"]) == 0
    assert main(["explain", path, film]) == 0
    assert "is not checked: no films" in capsys.readouterr().err


def test_threshold_is_chosen_on_films_that_are_not_reported(
    tmp_path: Path, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _bright(tmp_path / "bright.keras")
    line = ["add", str(path), "--name", "auto", "--data", str(films), "--threshold", "auto"]
    assert main([*line, "--trained-on", "our own films"]) == 0
    card = read_card(models_dir() / "auto")
    assert 0 < card.threshold < 1
    assert card.threshold_from == "chosen on 80 train films that are not reported on"
    assert card.data == "our own films"
    assert len(read_predictions("auto")) == 24
    assert main(["card", "auto"]) == 0
    said = capsys.readouterr().out
    assert "chosen on 80 train films" in said
    assert "one hospital" not in said


@pytest.mark.parametrize("said", ["option", "variable", "both", "nowhere"])
def test_the_next_command_is_told_as_it_can_be_typed(
    said: str,
    tmp_path: Path,
    films: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = shutil.copytree(films / "test", tmp_path / "my films")
    if said in ("variable", "both"):
        monkeypatch.setenv("XRAY_DATA", str(folder))
    line = ["add", str(_bright(tmp_path / "bright.keras")), "--name", "mine"]
    assert main([*line, *(["--data", str(folder)] if said in ("option", "both") else [])]) == 0
    more = {"option": f" --data '{folder}'", "nowhere": " --data FOLDER"}.get(said, "")
    assert capsys.readouterr().out.endswith(f"Now: python -m xray audit mine{more}\n")


def test_without_films_it_says_that_nothing_was_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _bright(tmp_path / "bright.keras")
    assert main(["add", str(path), "--name", "bright", "--resize", "pad"]) == 0
    assert "not checked on real films" in capsys.readouterr().out
    card = read_card(models_dir() / "bright")
    assert (card.fit, card.threshold_from) == ("letterbox", "0.5, chosen by nobody")


def test_other_formats_are_kept_and_load_by_name(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    net = tiny.network()
    net.export(tmp_path / "folder", verbose=False)
    tiny.onnx_of(net, tmp_path / "network.onnx")
    for name, path in (("saved", "folder"), ("onnx", "network.onnx")):
        assert main(["add", str(tmp_path / path), "--name", name]) == 0
        np.testing.assert_allclose(
            registry.load(name).probability(tiny.films()),
            tiny.said(net, tiny.films())[:, 0],
            atol=1e-5,
        )
    file = models_dir() / "onnx" / "model.onnx"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="does not match the hash"):
        registry.load("onnx")


def test_options_of_a_registered_model_are_on_its_card(
    tmp_path: Path, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _bright(tmp_path / "bright.keras")
    assert main(["add", str(path), "--name", "bright"]) == 0
    assert main(["evaluate", "bright", "--data", str(films), "--scale", "byte"]) == 2
    assert "on its card" in capsys.readouterr().err


def test_fail_on_takes_verdicts_only(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["audit", "any", "--fail-on", "reads_devices,nonsense"])
    assert caught.value.code == 2
    assert "'nonsense' is no verdict" in capsys.readouterr().err


def test_fail_on_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        {"model": "calm", "verdict": "no_reliance"},
        {"model": "bad", "verdict": "reads_devices"},
    ]
    assert audit.exit_code(found, ("reads_devices", "cannot_be_judged")) == 1
    assert capsys.readouterr().err == "failed (--fail-on): bad (reads_devices)\n"
    assert audit.exit_code(found, ("cannot_be_judged",)) == 0
    assert audit.exit_code(found, ()) == 0


def test_the_hub_s_own_parser_reads_the_card(tmp_path: Path, films: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    path = _bright(tmp_path / "bright.keras")
    assert main(["add", str(path), "--name", "bright", "--data", str(films)]) == 0
    out = tmp_path / "README.md"
    assert main(["card", "bright", "--format", "huggingface", "--out", str(out)]) == 0
    card = hub.ModelCard(out.read_text())
    assert card.data.pipeline_tag == "image-classification"
    found = {each.metric_type: each.metric_value for each in card.data.eval_results}
    assert found["roc_auc"] == 1.0
    assert {each.dataset_split for each in card.data.eval_results} == {"test"}
    assert "Threshold" in card.text and "one hospital" not in card.text


def test_films_of_one_class_are_predicted_and_options_are_tried_on_synthetic_ones(
    tmp_path: Path, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ward = tmp_path / "ward"
    shutil.copytree(films / "test" / "PNEUMONIA", ward / "sick")
    assert main(["index", str(ward), "--classes", "sick=COVID-19"]) == 0
    (ward / "sick" / "0.png").write_bytes(b"no film")
    assert main(["add", str(_bright(tmp_path / "b.keras")), "--name", "mine", "--force"]) == 0
    command = ["add", str(tmp_path / "b.keras"), "--name", "ward", "--data", str(ward), "--force"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "holds no split with films of both classes to check on. Synthetic films" in said.err
    left = "Of 12 files of this data set 1 is left out. 1: films that cannot be read."
    assert f"11 test films predicted, 1 cannot be read. {left}" in said.out
    assert read_card(models_dir() / "ward").left_out == {"test": left}
    assert set(read_predictions("ward")["label"]) == {"COVID-19"}


def test_films_that_options_were_tried_on_are_counted(
    tmp_path: Path, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _bright(tmp_path / "up.keras")
    assert main(["add", str(path), "--name", "up", "--data", str(films / "test")]) == 0
    left = "12: films that its options or threshold were tried on"
    assert left in capsys.readouterr().out
    assert main(["evaluate", "up", "--data", str(films / "test"), "--store"]) == 0
    assert left in capsys.readouterr().out and left in read_card(models_dir() / "up").part()
