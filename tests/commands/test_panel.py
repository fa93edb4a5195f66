"""``panel``: what it needs is said, and what it writes is read by the pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.audits.known.test_record import verdict
from xray.audits import stored
from xray.audits.known import methods, record
from xray.audits.known.specs import Spec
from xray.commands import panel
from xray.commands.main import main
from xray.dataset import index
from xray.models import card as cards


@pytest.fixture
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of two networks that answer at once, on films that are not read."""
    out = tmp_path / "networks"
    for spec in (Spec("flat", "line"), Spec("peak", shown="bare")):
        card = cards.Card(
            spec.name, spec.name, role="panel", size=(96, 96), settings=dict(spec.__dict__)
        )
        (out / spec.name).mkdir(parents=True)
        (out / spec.name / cards.WEIGHTS).write_bytes(b"weights")
        cards.write_card(card, out / spec.name)
    monkeypatch.setattr(index, "index", lambda *_, **__: pd.DataFrame({"file": ["a"]}))
    monkeypatch.setattr(index, "usable", lambda table: table)
    monkeypatch.setattr(index, "load_pixels", lambda *_, **__: np.zeros((1, 4, 4), np.float32))
    monkeypatch.setattr(panel, "bars", lambda: nullcontext(lambda _: None))
    bench = SimpleNamespace(material=lambda _: None)
    monkeypatch.setattr(record, "bench", lambda *_: bench)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    return out


def answers(_: Any, part: str, __: Path, ___: Any, cards: Any, ____: Any = None) -> dict[str, Any]:
    reads = {"truth": "reads_devices", "seed": "no_reliance"}.get(part, "inconclusive")
    return {
        card.name: verdict(5.0, line=(reads if "line" in card.name else "no_reliance", 1.5))
        for card in cards
    }


def test_the_record_is_written_as_the_pages_read_it(
    networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(record, "measure", answers)
    names = ["flat-line-all-film-s0", "peak-sick-bare-film-s0"]
    weighed = pd.DataFrame(
        {"network": names, "method": "lime", "kind": "line", "share": [0.3, 0.0]}
    )
    monkeypatch.setattr(methods, "weigh", lambda *_, **__: weighed)
    out = tmp_path / "artifacts" / "panel"
    asked = [
        "panel",
        "--data",
        str(tmp_path),
        "--networks",
        str(networks),
        "--trained-only",
        "--again",
        "--out",
        str(out),
    ]
    assert main(asked) == 0
    said = capsys.readouterr()
    assert "not trained, and left out" in said.err and "residual-line-all-film-s0" in said.err
    table = stored.panel().set_index("network")
    assert table.loc["flat-line-all-film-s0", "truth"] == "reliant"
    assert table.loc["flat-line-all-film-s0", "verdict"] == "inconclusive"
    found = stored.quality().set_index(["kind", "measure"])
    assert found.loc[("line", "detection"), "value"] == 0
    assert found.loc[("line", "undecided"), "value"] == 0.5
    told = stored.methods().set_index(["method", "kind"])["threshold"]
    assert pd.isna(told[("lime", "line")]) and pd.isna(told[("audit", "")])
    again = pd.read_csv(out / "agreement.csv").set_index("part")
    assert again.loc["seed", "same"] == 0.5 and again.loc["donors", "same"] == 1


def test_networks_are_added_to_a_record(
    networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The record's other networks stay; LIME's limits, set on these, stay too."""
    monkeypatch.setattr(record, "measure", answers)
    out = tmp_path / "artifacts" / "panel"
    asked = ["panel", "--data", str(tmp_path), "--networks", str(networks), "--trained-only"]
    asked += ["--add", "--out", str(out)]
    assert main(asked) == 0
    assert "the record begins with these networks" in capsys.readouterr().err
    assert set(stored.panel()["network"]) == {"flat-line-all-film-s0", "peak-sick-bare-film-s0"}
    assert not (out / "methods.csv").exists()
    made = record.rows(
        answers(None, "truth", out, None, (first := cards.read_cards(networks))),
        answers(None, "audit", out, None, first),
        first,
    )
    other = made[made["network"].str.startswith("flat")].assign(network="other-line-s9")
    stale = other.assign(network="flat-line-all-film-s0", truth="clean")
    pd.concat([other, stale]).to_csv(out / "panel.csv", index=False)
    (out / "methods.csv").write_text("of the networks before\n")
    assert main(asked) == 0
    truth = stored.panel().set_index("network")["truth"]
    assert truth.to_dict() == {
        "other-line-s9": "reliant",
        "flat-line-all-film-s0": "reliant",
        "peak-sick-bare-film-s0": "clean",
    }
    found = stored.quality().set_index(["kind", "measure"])
    assert found.loc[("line", "detection"), "n"] == 2
    assert (out / "methods.csv").read_text() == "of the networks before\n"
    capsys.readouterr()
    assert main([*asked, "--by-look"]) == 2
    assert "cannot be mixed" in capsys.readouterr().err
    assert set(stored.panel()["network"]) == set(truth.index), "nothing was written"


def test_what_is_missing_is_said_in_one_sentence(
    networks: Path, tmp_path: Path, capsys: Any
) -> None:
    where = ["--networks", str(tmp_path / "empty"), "--trained-only"]
    assert main(["panel", "--data", str(tmp_path / "nowhere"), *where]) == 2
    assert "--data" in capsys.readouterr().err
    assert main(["panel", "--data", str(tmp_path), *where]) == 2
    assert "--trained-only" in capsys.readouterr().err


def test_a_seed_trains_networks_that_nobody_saw(
    networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from xray.audits.known import networks as training

    asked: list[Spec] = []
    bench = SimpleNamespace(table=None, use=None, films=None, material=lambda _: None)
    monkeypatch.setattr(record, "bench", lambda *_: bench)
    monkeypatch.setattr(record, "planters", lambda _: {})
    monkeypatch.setattr(training, "train", lambda specs, *_: asked.extend(specs))
    monkeypatch.setattr(record, "measure", answers)
    monkeypatch.setattr(methods, "weigh", lambda *_, **__: pd.DataFrame())
    monkeypatch.setattr(methods, "record", lambda *_: pd.DataFrame({"method": ["lime"]}))
    where = ["--networks", str(networks), "--out", str(tmp_path / "out"), "--seed", "20"]
    assert main(["panel", "--data", str(tmp_path), *where]) == 0
    assert Spec("flat", "line", seed=20) in asked and min(spec.seed for spec in asked) == 20
    assert "flat-line-all-film-s20" in capsys.readouterr().err


def test_small_networks_of_all_kinds_and_heads_that_share_a_look_are_audited_again() -> None:
    made = [
        cards.Card(spec.name, spec.name, settings=dict(spec.__dict__))
        for spec in (
            *(Spec(of, "line") for of in ("average", "flat", "peak", "residual", "strided")),
            Spec("vgg19", "line"),
            Spec("vgg19", "line", shown="planted"),
        )
    ]
    names = [each.name.partition("-")[0] for each in panel.again(made, 3, "seed")]
    assert names == ["average", "peak", "strided", "vgg19"]
    assert [each.name for each in panel.again(made, 10_000, "donors")] == [
        each.name for each in made[:-1]
    ]
    assert panel.again(made, 10_000, "rendered") == made[:5]
    assert panel.again(made, 0, "seed") == []
