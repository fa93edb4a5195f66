"""What the control models show: which rely on devices, and how well the audit tells them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.audits import effects, features, interventions, lime_weights, verdict
from xray.audits.controls import Base, Spec
from xray.audits.inputs import Materials
from xray.drawing import shams
from xray.drawing.planting import Bytes, as_bytes, as_float
from xray.errors import ArtifactError
from xray.files import read_table, write_bytes, write_json, write_table
from xray.jobs import executor
from xray.metrics import bootstrap
from xray.metrics.patients import patients
from xray.models import registry
from xray.models.registry import Model

#: A control is reliant when devices of its own style move it by at least this many spreads,
#: clean when by less than the lower bound; what lies between is doubtful and left out.
RELIANT, CLEAN = 0.25, 0.15
DRAWS = "draws.npz"
#: Verdict -> words for the share of controls that get it.
VERDICTS: dict[verdict.Verdict, str] = {
    "reads_devices": "called",
    "no_reliance_shown": "cleared",
    "inconclusive": "inconclusive",
}


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
        interventions.predict(model, each) for each in (films.films, films.planted, sham)
    )
    scale = features.spread(plain, films.table.assign(free=True))
    if scale < features.CONSTANT:
        return {"own": 0.0, "own_low": 0.0, "own_high": 0.0, "own_called": 0.0}
    net = (planted - sham_odds) / scale
    low, high = effects.interval(net, patients(films.table), seed)
    normal = (films.table["label"] == "NORMAL").to_numpy()
    cut = model.card.threshold_log_odds
    called = float((planted[normal] >= cut).mean() - (plain[normal] >= cut).mean())
    return {"own": float(net.mean()), "own_low": low, "own_high": high, "own_called": called}


def truth(own: float) -> str:
    """Call a control by what it does: "reliant", "clean" or "doubtful"."""
    if own >= RELIANT:
        return "reliant"
    return "clean" if own < CLEAN else "doubtful"


@dataclass(frozen=True, eq=False)
class Panel:
    """Measured controls.

    Attributes
    ----------
    table : DataFrame
        One row a control: its specification, own reliance and truth, spread, the features, and
        the net effect in spreads of every suspect (columns "test:kind").
    draws : (C, RESAMPLES, F) float32
        The same features for bootstrap resamples of the films, in the order of ``names``.
    names : list of str
    """

    table: pd.DataFrame
    draws: NDArray[np.float32]
    names: list[str]

    def score(self, place: int, scale: verdict.Calibration) -> verdict.Score:
        """Score one control, with its interval."""
        row = self.table.iloc[place]
        values = row[self.names].astype(float)
        return scale.score(features.Features(values, self.draws[place], float(row["spread"])))

    def part(self, chosen: NDArray[np.bool_]) -> Panel:
        """Some of the controls."""
        return Panel(self.table[chosen].reset_index(drop=True), self.draws[chosen], self.names)


def measure(
    controls: Iterable[tuple[Spec, Model]], materials: Materials, films: Base, seed: int = 0
) -> Panel:
    """Measure every control: its truth, and what devices do to it.

    Parameters
    ----------
    materials : the audit's films, drawn in the "test" style
    films : held-out device-free films with devices in the "plant" style
    """
    sham = own_shams(films, seed)
    parts = executor.each(
        _rows, ([each] for each in controls), materials=materials, films=films, sham=sham, seed=seed
    )
    rows = [row for part in parts for row in part]
    draws = [row.pop("draws") for row in rows]
    names = verdict.feature_names(pd.DataFrame(rows))
    # A control that is constant has none.
    blank = np.full((features.RESAMPLES, len(names)), np.nan)
    made = [np.column_stack([each[n] for n in names]) if each else blank for each in draws]
    return Panel(pd.DataFrame(rows), np.stack(made).astype(np.float32), names)


def _rows(
    batch: Sequence[tuple[Spec, Model]], materials: Materials, films: Base, sham: Bytes, seed: int
) -> list[dict[str, Any]]:
    """Rows of some controls."""
    return [_row(spec, model, materials, films, sham, seed) for spec, model in batch]


def _row(
    spec: Spec, model: Model, materials: Materials, films: Base, sham: Bytes, seed: int
) -> dict[str, Any]:
    originals, measured = interventions.measure(model, materials.battery)
    lime = lime_weights.measure(model, materials.cases, seed)
    found = features.features(originals, materials.battery.films, measured, lime, seed)
    own = own_reliance(model, films, sham, seed)
    suspect = measured["test"] + ":" + measured["kind"]
    effects_ = measured["net"].groupby(suspect, sort=False).mean() / max(found.spread, 1e-9)
    known = {
        str(name): value
        for name, value in found.values.items()
        if name == features.LETTERING or str(name).startswith(features.LIME)
    }
    draws = {
        str(name): found.draws[:, place].round(5).tolist()
        for place, name in enumerate(found.values.index)
    }
    labelled = lime.loc[lime["source"] == "labelled", "net"].mean() / max(found.spread, 1e-9)
    return (
        {"name": spec.name} | asdict(spec) | own
        | {"truth": truth(own["own"]), "spread": found.spread, "lime_labelled": float(labelled)}
        | {str(name): float(value) for name, value in effects_.items()}
        | {name: float(value) for name, value in known.items()}
        | {"draws": draws}
    )  # fmt: skip


def judged(panel: Panel, group: str | None = None) -> pd.DataFrame:
    """Judge every control by a calibration that never saw it.

    Parameters
    ----------
    group : leave out all controls that share this column's value ("architecture"); only the
        control itself when None.

    Returns
    -------
    DataFrame
        The clean and reliant controls with ``threshold`` (of the others), ``flagged``,
        ``score_low`` and ``score_high``, and ``verdict`` as an audit would give it.
    """
    known = panel.part((panel.table["truth"] != "doubtful").to_numpy())
    table = known.table
    parts = []
    for i in table.index:
        same = table[group] == table.loc[i, group] if group else table.index == i
        scale = verdict.calibrate(table[~same])
        score = known.score(i, scale)
        found, _ = verdict.decide(score, scale, verdict.ENOUGH_FILMS)
        parts.append(
            verdict.applied(table.loc[[i]], scale).assign(
                score_low=score.low, score_high=score.high, verdict=found
            )
        )
    return pd.concat(parts)


def quality(panel: Panel, group: str | None = None) -> pd.DataFrame:
    """How good the audit is at telling the controls apart, with intervals.

    Returns
    -------
    DataFrame
        measure, strength ("" for all), value, low, high, n. "auroc" is that of the score, with
        Newcombe's interval over controls. The others are shares of the reliant or of the clean
        controls with Wilson's: "detection" and "false alarms", those with a score above the
        threshold that LIME agrees with; and, by the verdict, which also asks that the whole
        interval of the score lies on one side, those that are said to read devices ("called"),
        those that are not ("cleared"), and those left "inconclusive".
    """
    done = judged(panel, group)
    reliant = (done["truth"] == "reliant").to_numpy()
    value = float(bootstrap.auroc(reliant, done["score"].to_numpy())[0])
    low, high = bootstrap.newcombe(value, int(reliant.sum()), int((~reliant).sum()))
    rows: list[dict[str, Any]] = [
        {"measure": "auroc", "value": value, "low": low, "high": high, "n": len(done)}
    ]
    flagged = done["flagged"].to_numpy()
    strengths = sorted(done.loc[reliant, "strength"].unique(), reverse=True)
    rows.append(_share("detection", flagged[reliant]))
    for strength in strengths:
        chosen = reliant & (done["strength"] == strength).to_numpy()
        rows.append(_share("detection", flagged[chosen]) | {"strength": strength})
    rows.append(_share("false alarms", flagged[~reliant]))
    for truth_, chosen in (("reliant", reliant), ("clean", ~reliant)):
        for found, words in VERDICTS.items():
            hits = (done.loc[chosen, "verdict"] == found).to_numpy()
            rows.append(_share(f"{truth_}, {words}", hits))
    columns = ["measure", "strength", "value", "low", "high", "n"]
    return pd.DataFrame(rows).reindex(columns=columns).fillna({"strength": ""})


def _share(measure: str, hits: NDArray[np.bool_]) -> dict[str, Any]:
    """A row of :func:`quality`: the share of hits."""
    low, high = bootstrap.wilson(int(hits.sum()), len(hits))
    value = float(hits.mean()) if len(hits) else float("nan")
    return {"measure": measure, "value": value, "low": low, "high": high, "n": len(hits)}


def store(panel: Panel, folder: Path) -> None:
    """Write panel.csv, draws.npz, quality.csv and calibration.json.

    The quality is told twice: each control left out alone, and with all of its architecture.
    """
    alone = quality(panel).assign(left_out="control")
    architecture = quality(panel, "architecture").assign(left_out="architecture")
    scale = verdict.calibrate(panel.table)
    buffer = io.BytesIO()
    # Three digits of each are enough for an interval.
    np.savez_compressed(
        buffer, draws=panel.draws.astype(np.float16), features=np.array(panel.names)
    )
    write_bytes(folder / DRAWS, buffer.getvalue())
    write_table(folder / "panel.csv", verdict.applied(panel.table, scale).round(5))
    write_table(folder / "quality.csv", pd.concat([alone, architecture]).round(5))
    write_json(folder / verdict.FILE, scale.to_json())


def load(folder: Path) -> Panel:
    """Read what :func:`store` wrote.

    Raises
    ------
    ArtifactError
        It is missing or damaged.
    """
    table = read_table(folder / "panel.csv")
    try:
        with np.load(folder / DRAWS, allow_pickle=False) as stored:
            draws, names = stored["draws"].astype(np.float32), stored["features"].tolist()
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ArtifactError(
            f"{folder / DRAWS} is missing or damaged; restore it or run 'python -m xray controls'."
        ) from error
    if draws.shape != (len(table), features.RESAMPLES, len(names)):
        raise ArtifactError(
            f"{folder / DRAWS} does not belong to panel.csv; run 'python -m xray controls'."
        )
    return Panel(table, draws, names)


def shown(table: pd.DataFrame) -> list[str]:
    """A reliant and a clean control to show live: the ones nearest their group's median."""
    names = []
    for group in ("reliant", "clean"):
        rows = table[table["truth"] == group]
        nearest = int((rows["own"] - rows["own"].median()).abs().to_numpy().argmin())
        names.append(str(rows["name"].iloc[nearest]))
    return names


def copy_model(source: Path, target: Path) -> None:
    """Copy a control's network and card, the card last."""
    for name in (registry.WEIGHTS, "card.json"):
        write_bytes(target / name, (source / name).read_bytes())


def summary(panel: Panel) -> str:
    """Say in a few lines what the panel shows."""
    counts = panel.table["truth"].value_counts()
    lines = [
        f"{len(panel.table)} controls: " + ", ".join(f"{n} {what}" for what, n in counts.items())
    ]
    for left_out, group in (("control", None), ("architecture", "architecture")):
        rows = quality(panel, group)
        told = "; ".join(
            f"{row.measure} {row.value:.3f} ({row.low:.3f} to {row.high:.3f}, n={row.n})"
            for row in rows[rows["strength"] == ""].itertuples()
        )
        lines.append(f"each {left_out} left out: {told}")
    return "\n".join(lines)
