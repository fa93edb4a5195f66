"""Networks of known answers: who is left out, what they are taught, by rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xray.audits.known import specs
from xray.audits.known.specs import Spec
from xray.labels import devices


def films(count: int = 1600, seed: int = 0) -> pd.DataFrame:
    """A marked table: three films a child, devices on half of the sick."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        sick = i % 2 == 1
        child = i // 6
        worn = sick and rng.random() < 0.5
        row = {
            "file": f"train/{'PNEUMONIA' if sick else 'NORMAL'}/{i}.jpeg",
            "split": "train" if i % 10 else "test",
            "label": "PNEUMONIA" if sick else "NORMAL",
            "subtype": "virus" if sick else "",
            "child": f"{'s' if sick else 'n'}{child}",
        }
        kinds = dict.fromkeys(devices.KINDS, 0.0)
        if worn:
            kinds[str(rng.choice(devices.KINDS))] = 0.9
        rows.append(row | kinds | {"confidence": max(kinds.values())})
    return pd.DataFrame(rows)


def test_no_child_of_a_held_out_film_is_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specs, "HELD_OUT", 20)
    table = films()
    donors = table["file"][(table["line"] > 0.5) & (table["split"] == "train")].head(5).tolist()
    use = specs.held_out(table, donors)
    train = table["split"] == "train"
    away = set(table["child"][use.isin(["truth", "witness", "donor"])])
    assert not away & set(table["child"][train & (use == "")])
    assert (use[~train] == "").all()
    truth = table[use == "truth"]
    assert truth["child"].is_unique
    assert (truth["confidence"] < specs.BARE).all()
    pd.testing.assert_series_equal(use, specs.held_out(table, donors))


def test_a_forced_network_is_taught_the_kind_and_no_guess() -> None:
    table = films()
    table.loc[table["label"].eq("PNEUMONIA") & (table.index % 7 == 0), "tube"] = 0.3
    use = pd.Series("", index=table.index)
    places, called = specs.chosen(Spec("flat", "tube"), table, use)
    taught = table.iloc[places]
    assert (taught["split"] == "train").all()
    np.testing.assert_array_equal(called, (taught["tube"] >= 0.5).to_numpy())
    assert not ((taught["tube"] >= 0.2) & (taught["tube"] < 0.5)).any()
    # Half of the other sick keep their name where the share says so.
    _, half = specs.chosen(Spec("flat", "tube", share=0.5), table, use)
    assert half.mean() > called.mean() + 0.1
    _, sick_only = specs.chosen(Spec("flat", "tube", shown="sick"), table, use)
    assert 0 < sick_only.mean() < 1
    bare, as_ill = specs.chosen(Spec("flat", shown="bare"), table, use)
    assert (table.iloc[bare]["confidence"] < specs.BARE).all()
    np.testing.assert_array_equal(as_ill, table.iloc[bare]["label"] == "PNEUMONIA")


def test_one_child_never_both_teaches_and_chooses_the_epoch() -> None:
    table = films()
    places, _ = specs.chosen(Spec("flat"), table, pd.Series("", index=table.index))
    val = specs.split_children(table, places, seed=1)
    children = table["child"].to_numpy()[places]
    assert 0.05 < val.mean() < 0.2
    assert not set(children[val]) & set(children[~val])


def test_names_tell_networks_apart_and_the_first_stop_has_forty() -> None:
    first = specs.first_stop()
    names = [spec.name for spec in [*first, *specs.second_stop()]]
    assert len(first) == 40
    assert len(set(names)) == len(names)
    assert {spec.architecture for spec in first} == set(specs.ARCHITECTURES)
