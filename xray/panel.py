"""What the control models show: which rely on devices, and how well the audit tells them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray import (
    battery,
    bootstrap,
    effects,
    executor,
    lime_evidence,
    registry,
    scoring,
    shams,
    verdict,
)
from xray.controls import Base, Spec
from xray.files import write_bytes, write_json, write_table
from xray.materials import Materials
from xray.planting import Bytes, as_bytes, as_float
from xray.registry import Model

#: A control is reliant when devices of its own style move it by at least this many spreads,
#: clean when by less than the lower bound; what lies between is doubtful and left out.
RELIANT, CLEAN = 0.25, 0.15


def own_shams(films: Base, seed: int = 0) -> Bytes:
    """Shams of a base's planted copies: the same brightness without structure, (N, S, S)."""
    made = np.empty_like(films.films)
    for i, (plain, planted) in enumerate(zip(films.films, films.planted, strict=True)):
        film = as_float(plain)
        rng = np.random.default_rng([seed, i])
        made[i] = as_bytes(shams.brightness(film, as_float(planted) - film, rng))
    return made


def own_reliance(model: Model, films: Base, sham: Bytes, seed: int = 0) -> dict[str, float]:
    """What devices of the planting style do to a control on films it never saw.

    Returns
    -------
    dict
        own, own_low, own_high: net effect in spreads of the model's log-odds, with its 95 %
        bootstrap interval; own_called: share of NORMAL films called PNEUMONIA with the devices
        minus the share without.
    """
    plain, planted, sham_odds = (
        battery.predict(model, each) for each in (films.films, films.planted, sham)
    )
    scale = scoring.spread(plain, films.table.assign(free=True))
    if scale < scoring.CONSTANT:
        return {"own": 0.0, "own_low": 0.0, "own_high": 0.0, "own_called": 0.0}
    net = (planted - sham_odds) / scale
    low, high = effects.interval(net, effects.groups(films.table), seed)
    normal = (films.table["label"] == "NORMAL").to_numpy()
    cut = model.card.threshold_log_odds
    called = float((planted[normal] > cut).mean() - (plain[normal] > cut).mean())
    return {"own": float(net.mean()), "own_low": low, "own_high": high, "own_called": called}


def truth(own: float) -> str:
    """Call a control by what it does: "reliant", "clean" or "doubtful"."""
    if own >= RELIANT:
        return "reliant"
    return "clean" if own < CLEAN else "doubtful"


def measure(
    controls: Iterable[tuple[Spec, Model]], materials: Materials, films: Base, seed: int = 0
) -> pd.DataFrame:
    """Measure every control: its truth, and what the audit says of it.

    Parameters
    ----------
    materials : the audit's films, drawn in the "test" style
    films : held-out device-free films with devices in the "plant" style

    Returns
    -------
    DataFrame
        One row a control: its specification, own reliance and truth, the score with its parts
        and interval, and the net effect in spreads of every suspect (columns "test:kind").
    """
    sham = own_shams(films, seed)
    parts = executor.each(
        _rows, ([each] for each in controls), materials=materials, films=films, sham=sham, seed=seed
    )
    return pd.DataFrame([row for part in parts for row in part])


def _rows(
    batch: Sequence[tuple[Spec, Model]], materials: Materials, films: Base, sham: Bytes, seed: int
) -> list[dict[str, Any]]:
    """Rows of some controls."""
    return [_row(spec, model, materials, films, sham, seed) for spec, model in batch]


def _row(
    spec: Spec, model: Model, materials: Materials, films: Base, sham: Bytes, seed: int
) -> dict[str, Any]:
    originals, measured = battery.measure(model, materials.battery)
    lime = lime_evidence.measure(model, materials.cases, seed)
    found = scoring.features(originals, materials.battery.films, measured, lime, seed)
    own = own_reliance(model, films, sham, seed)
    suspect = measured["test"] + ":" + measured["kind"]
    effects_ = measured["net"].groupby(suspect, sort=False).mean() / max(found.spread, 1e-9)
    known = {name: found.values.get(name, np.nan) for name in (scoring.LETTERING, scoring.LIME)}
    labelled = lime.loc[lime["source"] == "labelled", "net"].mean() / max(found.spread, 1e-9)
    return (
        {"name": spec.name} | asdict(spec) | own
        | {"truth": truth(own["own"]), "spread": found.spread, "lime_labelled": float(labelled)}
        | {str(name): float(value) for name, value in effects_.items()}
        | {name: float(value) for name, value in known.items()}
    )  # fmt: skip


def judged(panel: pd.DataFrame, group: str | None = None) -> pd.DataFrame:
    """Judge every control by a calibration that never saw it.

    Parameters
    ----------
    group : leave out all controls that share this column's value ("architecture"); only the
        control itself when None.

    Returns
    -------
    DataFrame
        The clean and reliant controls with ``threshold`` (of the others) and ``flagged``.
    """
    known = panel[panel["truth"] != "doubtful"].reset_index(drop=True)
    parts = []
    for i in known.index:
        same = known[group] == known.loc[i, group] if group else known.index == i
        parts.append(verdict.applied(known.loc[[i]], verdict.calibrate(known[~same])))
    return pd.concat(parts)


def quality(panel: pd.DataFrame, group: str | None = None) -> pd.DataFrame:
    """How good the audit is: AUROC of the score, detection and false alarms, with intervals.

    Returns
    -------
    DataFrame
        measure ("auroc", "detection", "false alarms"), strength ("" for all), value, low,
        high, n. AUROC with Newcombe's interval over controls, shares with Wilson's.
    """
    done = judged(panel, group)
    reliant = (done["truth"] == "reliant").to_numpy()
    rows: list[dict[str, Any]] = []
    score = done["score"].to_numpy()
    value = float(bootstrap.auroc(reliant, score)[0])
    low, high = bootstrap.newcombe(value, int(reliant.sum()), int((~reliant).sum()))
    rows.append({"measure": "auroc", "value": value, "low": low, "high": high, "n": len(done)})
    strengths = ["", *sorted(done.loc[reliant, "strength"].unique(), reverse=True)]
    for measure, chosen in (("detection", reliant), ("false alarms", ~reliant)):
        for strength in strengths if measure == "detection" else [""]:
            part = done[chosen & ((done["strength"] == strength) | (not strength))]
            hits = int(part["flagged"].sum())
            low, high = bootstrap.wilson(hits, len(part))
            value = hits / len(part) if len(part) else float("nan")
            rows.append({"measure": measure, "strength": strength, "value": value,
                         "low": low, "high": high, "n": len(part)})  # fmt: skip
    columns = ["measure", "strength", "value", "low", "high", "n"]
    return pd.DataFrame(rows).reindex(columns=columns).fillna({"strength": ""})


def store(panel: pd.DataFrame, folder: Path) -> None:
    """Write panel.csv, quality.csv and calibration.json.

    The quality is told twice: each control left out alone, and with all of its architecture.
    """
    alone = quality(panel).assign(left_out="control")
    architecture = quality(panel, "architecture").assign(left_out="architecture")
    scale = verdict.calibrate(panel)
    write_table(folder / "panel.csv", verdict.applied(panel, scale).round(5))
    write_table(folder / "quality.csv", pd.concat([alone, architecture]).round(5))
    write_json(folder / "calibration.json", scale.to_json())


def shown(panel: pd.DataFrame) -> list[str]:
    """A reliant and a clean control to show live: the ones nearest their group's median."""
    names = []
    for group in ("reliant", "clean"):
        rows = panel[panel["truth"] == group]
        nearest = int((rows["own"] - rows["own"].median()).abs().to_numpy().argmin())
        names.append(str(rows["name"].iloc[nearest]))
    return names


def copy_model(source: Path, target: Path) -> None:
    """Copy a control's network and card, the card last."""
    for name in (registry.WEIGHTS, "card.json"):
        write_bytes(target / name, (source / name).read_bytes())


def summary(panel: pd.DataFrame) -> str:
    """Say in a few lines what the panel shows."""
    counts = panel["truth"].value_counts()
    lines = [f"{len(panel)} controls: " + ", ".join(f"{n} {what}" for what, n in counts.items())]
    for left_out, group in (("control", None), ("architecture", "architecture")):
        rows = quality(panel, group)
        told = "; ".join(
            f"{row.measure} {row.value:.3f} ({row.low:.3f} to {row.high:.3f}, n={row.n})"
            for row in rows[rows["strength"] == ""].itertuples()
        )
        lines.append(f"each {left_out} left out: {told}")
    return "\n".join(lines)
