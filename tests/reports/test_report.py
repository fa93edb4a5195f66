"""The report: one file that asks nothing of any network, tells all, and hides no gap."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers import shelf
from tests.helpers.linear import Linear
from xray.audits import stored
from xray.audits.reading import Reading
from xray.commands.main import main
from xray.drawing import phantoms
from xray.environment import artifacts_dir
from xray.explanations import lime as lime_image
from xray.files import sha256_file, write_json, write_table, write_text
from xray.films.decode import Film
from xray.metrics import odds
from xray.models import evaluation
from xray.models.card import WEIGHTS, Card, read_card, read_predictions, write_card
from xray.reports import report, tables

NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """What a browser would see: tags with attributes, and text outside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self._script: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._script = dict(attrs) if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self.scripts.append((self._script, data))
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def _card(folder: Path, name: str, **changes: Any) -> Card:
    """A model whose network is only bytes: a report never loads one."""
    home = folder / "models" / name
    home.mkdir(parents=True)
    (home / WEIGHTS).write_bytes(name.encode())
    rng = np.random.default_rng(0)
    files = [f"test/{label}/p{i}.jpeg" for label in ("NORMAL", "PNEUMONIA") for i in range(30)]
    truth = np.repeat([0.0, 1.0], 30)
    table = pd.DataFrame(
        {"file": files, "split": "test", "label": ["NORMAL"] * 30 + ["PNEUMONIA"] * 30}
    )
    table["log_odds"] = (3 * truth - 1 + rng.normal(0, 1.5, 60)).round(5)
    table["probability"] = odds.to_probability(table["log_odds"].to_numpy()).round(6)
    write_table(home / "predictions.csv", table)
    hashes = {item: sha256_file(home / item) for item in (WEIGHTS, "predictions.csv")}
    values = {"title": name.title(), "role": "recipe", "size": (32, 32), "seed": 5} | changes
    card = Card(name, files=hashes, data_hash="d" * 64, split_hash="e" * 64, **values)
    write_card(card, home)
    return card


def _audit(card: Card, **changes: Any) -> dict[str, Any]:
    return (
        shelf.world("one reader")["basic"]
        | {
            "model": card.name,
            "model_hash": card.sha256,
            "seed": 11,
            "lungs": {
                "weight_share": 0.31,
                "weight_share_low": 0.3,
                "weight_share_high": 0.33,
                "area_share": 0.37,
            },
        }
        | changes
    )


def _artifacts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Artifacts of two models, one of them audited; the films' facts are the real ones."""
    real = artifacts_dir()
    folder.mkdir()
    for part in ("dataset", "devices"):
        shutil.copytree(real / part, folder / part)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(folder))
    card = _card(folder, "basic", title="Basic CNN")
    _card(folder, "mine", role="user", title=NASTY)
    write_json(folder / "audits" / "basic.json", _audit(card))
    return folder


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Artifacts that a test may change before it builds a report."""
    return _artifacts(tmp_path / "artifacts", monkeypatch)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of artifacts that nobody changed."""
    with pytest.MonkeyPatch.context() as patch:
        _artifacts(tmp_path_factory.mktemp("built") / "artifacts", patch)
        return report.build()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report where the record of the test lies beside the models."""
    with pytest.MonkeyPatch.context() as patch:
        folder = _artifacts(tmp_path_factory.mktemp("recorded") / "artifacts", patch)
        write_table(folder / "panel" / "quality.csv", shelf.quality())
        return report.build()


def test_it_asks_nothing_of_any_network(built: str) -> None:
    page = Page(built)
    for tag, attributes in page.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, value)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    runs = [text for attributes, text in page.scripts if "type" not in attributes]
    assert len(runs) == 2
    for script in runs:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_it_holds_verdict_evidence_metrics_hashes_and_limits(artifacts: Path, built: str) -> None:
    text = Page(built).text
    card = read_card(artifacts / "models" / "basic")
    for expected in (
        "Basic CNN reads devices: a support makes it call 9 more of 100 healthy people sick",
        "reads supports",
        "A support makes it call 9 more of 100 healthy people sick (5 to 13).",
        "Wires, tubes, electrodes and clips change nothing that matters.",
        "as they are 11; with electrodes 12; with supports 20",
        "11.0 → 20.6, null 11.5",
        "+9.1 (+5.1 to +13.1)",
        "200, donors 40",
        "Do not rely on calls of people with supports.",
        "LIME lays 31 % (30 % to 33 %) of its weight on the lungs, which take 37 %.",
        "0.90 (0.80 to 0.95), n = 90",
        card.sha256,
        "folder films224",
        "never checked by a radiologist",
        "Not for clinical use",
        "5,851",
        "Guangzhou",
    ):
        assert expected in text, expected


def test_metrics_in_the_report_are_those_of_the_stored_predictions(
    artifacts: Path, built: str
) -> None:
    predictions = read_predictions("basic")
    called = predictions["log_odds"] >= 0
    right = (called == (predictions["label"] == "PNEUMONIA")).mean()
    table = tables.scores(read_card(artifacts / "models" / "basic"))
    accuracy = table.set_index("metric").loc["accuracy", "value"]
    assert accuracy == pytest.approx(right)
    assert f"{right:.3f} (" in Page(built).text


def test_text_from_files_is_escaped_everywhere(artifacts: Path) -> None:
    card = read_card(artifacts / "models" / "basic")
    effect = _audit(card)["effects"][0] | {"kind": NASTY}
    nasty = _audit(card, reasons=[NASTY, NASTY], films=NASTY, effects=[effect], seed=NASTY)
    write_json(artifacts / "audits" / "basic.json", nasty)
    html = report.build()
    page = Page(html)
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert NASTY in page.text
    assert html.count("<script") == 2 + sum("type" in attributes for attributes, _ in page.scripts)


def test_what_is_missing_is_said_and_the_rest_goes_on(artifacts: Path) -> None:
    shutil.rmtree(artifacts / "devices")
    (artifacts / "dataset" / "films.csv").unlink()
    (artifacts / "models" / "mine" / "card.json").write_text("{")
    (artifacts / "audits" / "basic.json").write_text('{"model":')
    text = Page(report.build()).text
    assert text.count("Missing here.") >= 5
    assert "The stored audit is damaged; run 'python -m xray audit basic'." in text
    assert "devices.csv is missing" in text
    assert "panel/quality.csv is missing: the record on networks of known answers is not" in text
    write_text(artifacts / "panel" / "quality.csv", "kind,value\n")
    assert "panel/quality.csv is damaged" in Page(report.build()).text
    assert str(artifacts) not in text
    assert "Accuracy" in text


def test_no_artifacts_at_all_still_make_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "nothing"))
    assert "There is no model yet" in Page(report.build()).text


def test_an_audit_of_another_network_is_not_shown(artifacts: Path) -> None:
    card = read_card(artifacts / "models" / "basic")
    write_json(artifacts / "audits" / "basic.json", _audit(card, model_hash="0" * 64))
    assert "not audited yet" in Page(report.build()).text


def test_audits_on_other_films_stand_beside_the_first(artifacts: Path, built: str) -> None:
    card = read_card(artifacts / "models" / "basic")
    assert "several sets of films" not in Page(built).text
    films = {"source": "ward", "sha256": "c" * 64, "n": 120}
    stored.store(card, _audit(card, positive="tuberculosis", films=films))
    text = Page(report.build()).text
    assert "Audited on several sets of films; all else that is said here is of the first" in text
    assert "ward, 120 films, cccccccc" in text and "tuberculosis" in text


def test_changed_predictions_are_not_reported(artifacts: Path) -> None:
    path = artifacts / "models" / "basic" / "predictions.csv"
    path.write_text(path.read_text().replace("NORMAL", "PNEUMONIA", 1))
    assert "were changed after they were made" in Page(report.build()).text


def test_metrics_that_were_cut_off_are_told_and_the_rest_goes_on(artifacts: Path) -> None:
    whole = evaluation.score(read_predictions("basic"), 0.0)
    write_table(artifacts / "models" / "basic" / evaluation.METRICS, whole.head(3))
    text = Page(report.build()).text
    assert "The metrics of basic are incomplete; make them again" in text
    assert "A support makes it call 9 more" in text


def test_the_record_of_the_test_is_shown_with_its_intervals(recorded: str) -> None:
    text = Page(recorded).text
    assert "It finds 26 of 30 readings of devices" in text
    assert "0.97 (0.87 to 1.00)" in text
    assert "Accusing every network" in text


def test_no_sentence_stands_twice(recorded: str) -> None:
    bare = re.sub(r"<(script|style|table|noscript)\b.*?</\1>", "", recorded, flags=re.S)
    parts = re.findall(r"<(?:p|li|h\d|figcaption)\b[^>]*>(.*?)</", bare, flags=re.S)
    told = [each for part in parts for each in re.split(r"(?<=[.?!]) ", Page(part).text.strip())]
    often = {each for each in told if told.count(each) > 1 and len(each.split()) > 3}
    assert len(told) > 30
    assert not often


def test_the_first_page_is_the_answer_and_holds_one_picture(built: str) -> None:
    first, appendix = built.split('class="appendix"')
    text = Page(first).text
    assert "What to do" in text and "How sure is this?" in text
    assert "Basic CNN. Do not rely on calls of people with supports." in re.sub(" +", " ", text)
    assert "Evidence" not in text and "Evidence" in Page(f'<h2 class="appendix"{appendix}').text


def test_no_sentence_of_the_first_part_speaks_the_experts_language(built: str) -> None:
    text = Page(built).text
    plain, _, exact = text.partition("How this was measured")
    assert "log-odds" not in plain.lower() and "sham" not in text
    assert "Log-odds" in exact


def test_an_audit_of_an_earlier_version_is_told_not_shown(artifacts: Path) -> None:
    write_json(artifacts / "audits" / "basic.json", shelf.earlier("basic"))
    text = Page(report.build()).text
    assert "made by an earlier version of this program; run 'python -m xray audit basic'" in text
    assert "It stands low." not in text


def test_a_film_is_reported_without_its_name() -> None:
    predictor = Linear()
    pixels = phantoms.phantom(3, (96, 80)).pixels
    why = lime_image.explain(predictor, pixels, seed=0)
    reading = Reading("linear", 0.0, why, (why.log_odds + 1,), (why.log_odds,))
    film = Film(pixels, "Jane Doe 1987.png", "a" * 64, "PNG", "L", 10)
    html = report.build_film(film, [reading], [predictor.card], "electrode", note="Synthetic.")
    page = Page(html)
    assert "Jane" not in html
    assert "a" * 64 in page.text
    assert "Synthetic." in page.text
    assert "Not for clinical use" in page.text
    assert reading.call in page.text
    pictures = [attributes for _, attributes in page.tags if attributes.get("class") == "xma-film"]
    assert len(pictures) == 2
    assert all(picture["alt"] for picture in pictures)
    weight = why.table().iloc[0]["weight"]
    assert f"{weight:+.2f} (" in page.text


def test_the_command_writes_the_file_whole(artifacts: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    assert main(["report", "--out", str(out)]) == 0
    assert out.read_text().rstrip().endswith("</html>")
    assert list(tmp_path.glob(".partial*")) == []


def test_the_command_says_what_to_do_when_it_cannot_write(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--out", str(tmp_path)]) == 2
    assert "--out" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["report", "--out", str(tmp_path / "file" / "r.html")]) == 2
