"""Tables of the report: stored results in the words and digits that people read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from xray import classes, text
from xray.dataset import composition
from xray.errors import ArtifactError
from xray.files import read_table
from xray.labels import devices
from xray.metrics import odds
from xray.metrics import scores as metrics
from xray.models import evaluation, registry
from xray.text import number

Audit = Mapping[str, Any]

#: Metrics that the report shows, in the order of its columns.
METRICS = ("accuracy", "recall", "specificity", "precision", "f1", "auroc", "brier")

#: Test of an effect -> what was done, for people.
TESTS = {
    "insertion": "drawn in",
    "removal": "taken out",
    "lime_drawn": "LIME weight, drawn in",
    "lime_labelled": "LIME weight, its own",
}


def with_interval(value: Any, low: Any, high: Any, digits: int = 2, sign: bool = False) -> str:
    """A value with its 95 % interval: "0.31 (0.20 to 0.42)"; "unknown" where there is none."""
    number_, ends = number(value), (number(low), number(high))
    if not math.isfinite(number_):
        return "unknown"
    plus = "+" if sign else ""
    shown = f"{number_:{plus}.{digits}f}"
    if not all(map(math.isfinite, ends)):
        return f"{shown} (no interval: too few)"
    return f"{shown} ({ends[0]:{plus}.{digits}f} to {ends[1]:{plus}.{digits}f})"


def share(value: Any) -> str:
    """A share as per cent; "" where it is unknown."""
    number_ = number(value)
    return f"{100 * number_:.1f} %" if math.isfinite(number_) else ""


def scores(card: registry.Card) -> pd.DataFrame:
    """Stored metrics of a model on its test films, or what its stored predictions give.

    Returns
    -------
    DataFrame
        split, positive, threshold, metric, value, low, high, method, n (``evaluation.score``)

    Raises
    ------
    ArtifactError
        There are neither, or they do not belong to the model.
    """
    predictions = registry.predictions(card.name)
    if (registry.models_dir() / card.name / evaluation.METRICS).is_file():
        table = read_table(registry.models_dir() / card.name / evaluation.METRICS)
    else:
        table = evaluation.score(predictions, card.threshold_log_odds)
    table = table[(table["split"] == "test") & (table["positive"].map(classes.side))]
    if table.empty:
        raise ArtifactError(
            f"{card.name} has no predictions of test films; run 'python -m xray evaluate'."
        )
    return table


def model_scores(found: Mapping[str, pd.DataFrame], titles: Mapping[str, str]) -> pd.DataFrame:
    """One column a model: films, threshold, and every metric of ``METRICS`` with its interval."""
    columns = {"": ["Test films", "Called from", *(metrics.TITLES[metric] for metric in METRICS)]}
    for name, table in found.items():
        row = {str(entry["metric"]): entry for entry in table.to_dict("records")}
        threshold = float(odds.to_log_odds(float(row["accuracy"]["threshold"])))
        values = [with_interval(row[m]["value"], row[m]["low"], row[m]["high"], 3) for m in METRICS]
        columns[titles[name]] = [
            str(row["accuracy"]["n"]),
            metrics.show_threshold(threshold),
            *values,
        ]
    return pd.DataFrame(columns)


def effects(audit: Audit) -> pd.DataFrame:
    """Every effect of an audit over both classes, and those of devices by class.

    Net effects are changes of the log-odds of the positive class beyond a sham; the shares are of
    films that the model calls positive as they are, with the change, and with its sham.
    """
    rows = []
    for effect in audit.get("effects", []):
        by_class = effect.get("label") or ""
        if by_class and effect.get("device") != "all kinds":
            continue
        called = [share(effect.get(f"called_{when}")) for when in ("before", "after", "sham")]
        rows.append(
            {
                "Suspect": str(effect.get("device", "")),
                "What was done": TESTS.get(str(effect.get("test")), str(effect.get("test"))),
                "Films": f"{effect.get('n', '?')} of {by_class or 'both classes'}",
                "Net effect in log-odds": with_interval(
                    effect.get("net_log_odds"), effect.get("ci_low"), effect.get("ci_high"), 2, True
                ),
                f"Called {classes.positive()}": "{} → {}, sham {}".format(*called)
                if all(called)
                else "",
            }
        )
    return pd.DataFrame(rows)


def strata(audit: Audit) -> pd.DataFrame:
    """AUROC, sensitivity and specificity with and without devices, and with lungs hidden."""
    rows: dict[str, dict[str, str]] = {}
    for entry in audit.get("strata", []):
        row = rows.setdefault(str(entry["stratum"]), {"Films": str(entry["stratum"])})
        title = metrics.TITLES.get(str(entry["metric"]), str(entry["metric"]).capitalize())
        shown = with_interval(entry["value"], entry["low"], entry["high"])
        row[title] = f"{shown}, n = {entry['n']}"
    return pd.DataFrame(list(rows.values())).fillna("")


def controls(quality: pd.DataFrame) -> pd.DataFrame:
    """How good the audit is at telling the control models apart (``panel.quality``)."""
    titles = {
        "auroc": "AUROC of the score",
        "detection": "reliant controls above the threshold",
        "false alarms": "clean controls above the threshold",
        "reliant, called": "reliant controls said to read devices",
        "reliant, cleared": "reliant controls with no reliance shown",
        "reliant, inconclusive": "reliant controls left inconclusive",
        "clean, called": "clean controls said to read devices",
        "clean, cleared": "clean controls with no reliance shown",
        "clean, inconclusive": "clean controls left inconclusive",
    }
    strength = quality["strength"].fillna("").astype(str)
    return pd.DataFrame(
        {
            "What": [
                titles.get(m, m) + (f", planted {s}" if s else "")
                for m, s in zip(quality["measure"], strength, strict=True)
            ],
            "Judged without": "the same " + quality["left_out"].astype(str),
            "Value": [
                with_interval(r.value, r.low, r.high, 3) for r in quality.itertuples(index=False)
            ],
            "Controls": quality["n"].astype(str),
        }
    )


def sizes(films: pd.DataFrame) -> pd.DataFrame:
    """Image sizes as distributed, over all films and by class."""
    table = composition.sizes(films)
    return pd.DataFrame(
        {
            "Films": table["what"],
            "of known size": [f"{n:,}" for n in table["films"]],
            "Mean width": [f"{x:.0f}" for x in table["width"]],
            "Mean height": [f"{x:.0f}" for x in table["height"]],
            "Mean width / height": [f"{x:.2f}" for x in table["aspect"]],
        }
    )


def agreement() -> pd.DataFrame:
    """How far two independent looks at the test films agree about devices."""
    table = devices.agreement()
    return pd.DataFrame(
        {
            "Label": table["what"],
            "Films": table["films"].astype(str),
            "Agreement": [share(x) for x in table["agreement"]],
            "Cohen's kappa": [f"{x:.2f}" for x in table["kappa"]],
            "Overlap of masks (IoU)": [
                f"{x:.2f}" if math.isfinite(x) else "" for x in table["iou"]
            ],
        }
    )


def provenance(cards: Sequence[registry.Card], audits: Mapping[str, Audit]) -> pd.DataFrame:
    """Where each model comes from, one column a model: recipe, seed, split, data, hashes, date."""
    columns = {"": ["Recipe", "Seed", "Split", "Class weights", "Made", "With", "Model SHA-256",
                    "Training data SHA-256", "Split SHA-256", "Audited on", "Audit seed",
                    "Audit data SHA-256"]}  # fmt: skip
    for card in cards:
        audit = audits.get(card.name, {})
        films = f"{audit.get('n_films', '?')} films of {audit.get('data', 'unknown')}"
        columns[card.title or card.name] = [
            card.recipe or card.role,
            _known(card.seed),
            _known(card.split),
            _listed(card.class_weight),
            _known(card.created),
            _listed(card.versions),
            _known(card.sha256),
            _known(card.data_hash),
            _known(card.split_hash),
            films if audit else "not audited",
            _known(audit.get("seed")),
            _known(audit.get("data_hash")),
        ]
    return pd.DataFrame(columns)


def _known(value: Any) -> str:
    return "unknown" if value is None or value == "" else str(value)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "unknown"


def superpixels(table: pd.DataFrame, leading: int = 12) -> pd.DataFrame:
    """The leading superpixels of one explanation (``Explanation.table``)."""
    rows = table.head(leading)
    return pd.DataFrame(
        {
            "Superpixel": rows["superpixel"].astype(str),
            "Weight in log-odds": [
                with_interval(r.weight, r.low, r.high, 2, True) for r in rows.itertuples()
            ],
            "Pushes": [
                f"toward {classes.positive()}" if w > 0 else "away from it" for w in rows["weight"]
            ],
        }
    )


def calls(readings: Sequence[Any], titles: Mapping[str, str], device: str) -> pd.DataFrame:
    """What every model calls a film, as it is and with a device drawn in (``reading.Reading``)."""
    rows = []
    for reading in readings:
        chance = [odds.to_probability(x) for x in (reading.log_odds, reading.with_device)]
        rows.append(
            {
                "Model": titles.get(reading.model, reading.model),
                f"Probability of {classes.positive()}": text.percent(float(chance[0])),
                "Threshold": metrics.show_threshold(reading.threshold),
                "Call": reading.call,
                f"With {text.a(device)} drawn in": text.percent(float(chance[1])),
                "Call then": reading.call_with_device,
                "Explanation": "stable"
                if reading.explanation.stable
                else "not stable: " + str(reading.explanation.why_unstable),
            }
        )
    return pd.DataFrame(rows)
