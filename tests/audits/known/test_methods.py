"""One rule for every method: set on half of the clean networks, counted on the rest."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xray.audits.known import methods
from xray.models.card import Card


def panel(clean: int, reliant: int) -> pd.DataFrame:
    names = [f"n{i:02}" for i in range(clean + reliant)]
    truth = ["clean"] * clean + ["reliant"] * reliant
    said = ["no_reliance"] * clean + ["reads_devices"] * reliant
    return pd.DataFrame(
        {"network": names, "kind": "line", "truth": truth, "verdict": said, "score": 1.0}
    )


def weighed(table: pd.DataFrame, gap: float, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    share = rng.normal(0, 1, len(table)) + gap * (table["truth"] == "reliant").to_numpy()
    return table[["network", "kind"]].assign(method="lime", share=share)


def of_lines(weighed: pd.DataFrame, table: pd.DataFrame, method: str = "lime") -> pd.Series:
    told = methods.record(weighed, table).set_index(["method", "kind"])
    return told.loc[(method, "line")] if (method, "line") in told.index else pd.Series(dtype=float)


def test_a_method_that_sees_readers_is_credited_and_one_that_does_not_is_not() -> None:
    table = panel(400, 100)
    sees = of_lines(weighed(table, 8.0), table)
    assert sees["found"] == 1 and sees["auroc"] > 0.99
    # The threshold is set on one half, at one in twenty; the other half bears it out.
    assert 0.01 < sees["accused"] < 0.12 and 150 < sees["clean"] < 250
    blind = of_lines(weighed(table, 0.0), table)
    assert blind["found"] < 0.15 and blind["auroc"] == pytest.approx(0.5, abs=0.1)
    assert blind["low"] <= blind["found"] <= blind["high"]


def test_too_few_clean_networks_set_no_threshold() -> None:
    table = panel(6, 5)
    row = of_lines(weighed(table, 3.0), table)
    assert np.isnan(row["threshold"]) and row["reliant"] == 0
    # The audit needs no threshold: it is counted on the same networks.
    audit = of_lines(weighed(table, 3.0), table, "audit")
    assert (audit["found"], audit["reliant"], audit["accused"]) == (1, 5, 0)


def test_a_kind_with_few_clean_networks_takes_the_threshold_of_all_kinds() -> None:
    lines, tubes = panel(6, 5), panel(40, 0).assign(kind="tube")
    table = pd.concat([lines, tubes], ignore_index=True)
    told = methods.record(weighed(table, 8.0), table).set_index(["method", "kind"])
    own, taken = told.loc[("lime", "tube"), "threshold"], told.loc[("lime", "line")]
    assert taken["threshold"] == pytest.approx(own, abs=1.0) and taken["threshold"] != own
    assert taken["found"] == 1 and taken["reliant"] == 5


def test_open_networks_count_for_nothing() -> None:
    table = panel(40, 20)
    more = pd.concat([table, panel(5, 0).assign(network=list("abcde"), truth="open")])
    whole = weighed(more, 4.0).reset_index(drop=True)
    whole.loc[whole["network"].isin(list("abcde")), "share"] = 99.0
    row = of_lines(whole, more)
    assert row["threshold"] < 10


def test_weights_are_kept_and_made_anew_for_other_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def weigh(_: Any, __: Any, ___: Any, method: str, seed: int) -> pd.DataFrame:
        asked.append(method)
        return pd.DataFrame({"kind": ["line"], "share": [len(asked) + seed]})

    monkeypatch.setattr(methods.pointing, "sights", lambda *_: [])
    monkeypatch.setattr(methods.pointing, "weigh", weigh)
    monkeypatch.setattr(methods.methods, "why_not", lambda *_: "")
    monkeypatch.setattr(methods.truths, "stored", lambda *_: [SimpleNamespace()])
    monkeypatch.setattr(methods, "content", lambda shown: shown)
    card = Card("flat", settings={"architecture": "flat"})
    material: Any = "one"
    first = methods.weigh(material, tmp_path, [card])
    assert set(first["method"]) == set(methods.ASKED) == set(asked)
    pd.testing.assert_frame_equal(methods.weigh(material, tmp_path, [card]), first)
    assert len(asked) == 3
    material = "other"
    assert methods.weigh(material, tmp_path, [card])["share"].min() > first["share"].max()
    methods.weigh(material, tmp_path, [card], seed=1)
    assert len(asked) == 9
