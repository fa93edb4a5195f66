"""Tables of the report: stored results in the words and digits that people read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from xray import classes, text
from xray.audits import findings
from xray.dataset import composition
from xray.errors import ArtifactError
from xray.figures import palette
from xray.files import read_table
from xray.labels import devices
from xray.metrics import odds
from xray.metrics import scores as metrics
from xray.models import evaluation
from xray.models.card import Card, models_dir, read_predictions, titles_by_name
from xray.text import number

Audit = Mapping[str, Any]

#: Metrics that the report shows, in the order of its columns.
METRICS = ("accuracy", "recall", "specificity", "precision", "f1", "auroc", "brier")

#: Test of an effect -> what was done, for people.
TESTS = {
    "insertion": "laid over films without devices",
    "as_worn": "all that somebody wears, laid over",
    "null": "null laid over, device-free",
    "swap": "swapped between the classes",
    "removal": "painted over",
    "lime": "LIME weight",
}
#: Measures of the panel's record -> what people call them.
MEASURES = {
    "auroc": "AUROC of the score",
    "detection": "readers found",
    "false_alarms": "clean networks accused",
    "undecided": "networks found inconclusive",
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


def scores(card: Card) -> pd.DataFrame:
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
    predictions = read_predictions(card.name)
    if (models_dir() / card.name / evaluation.METRICS).is_file():
        table = read_table(models_dir() / card.name / evaluation.METRICS)
    else:
        table = evaluation.of_card(card, predictions)
    table = table[(table["split"] == "test") & (table["positive"].map(classes.side))]
    if table.empty:
        raise ArtifactError(
            f"{card.name} has no predictions of test films; run 'python -m xray evaluate'."
        )
    if not {*METRICS} <= {*table["metric"]}:
        raise ArtifactError(
            f"The metrics of {card.name} are incomplete; "
            f"make them again with 'python -m xray evaluate {card.name} --store'."
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
    """Every effect of an audit, for who wants to check it.

    Calls are of 100 films called positive, changes are after less null; log-odds are those of the
    positive class, after less null.
    """
    rows = []
    for effect in audit.get("effects") or []:
        kind = str(effect.get("kind") or "")
        test = str(effect.get("test"))
        called = [number(effect.get(f"called_{when}")) for when in ("before", "after", "null")]
        raw = "{:.1f} → {:.1f}, null {:.1f}".format(*called)
        rows.append(
            {
                "Kind": findings.PLURAL.get(kind, kind) or "all",
                "What was done": TESTS.get(test, test),
                "Films of": str(effect.get("label") or "both classes"),
                "Called of 100": raw if all(map(math.isfinite, called)) else "",
                "Change in calls": _known_interval(effect, "calls", 1),
                "Fall of AUROC": _known_interval(effect, "auroc_drop", 3),
                "Share of LIME's weight": _known_interval(effect, "share", 3),
                "Log-odds": _signed(effect.get("net_log_odds")),
                "People": f"{effect.get('films', '?')}, donors {effect.get('donors', '?')}",
            }
        )
    return pd.DataFrame(rows)


def _known_interval(row: Mapping[str, Any], name: str, digits: int) -> str:
    if not math.isfinite(number(row.get(name))):
        return ""
    ends = (row.get(f"{name}_low"), row.get(f"{name}_high"))
    return with_interval(row.get(name), *ends, digits, True)


def _signed(value: Any) -> str:
    found = number(value)
    return f"{found:+.2f}" if math.isfinite(found) else ""


def kinds(audit: Audit) -> pd.DataFrame:
    """The verdict of each kind and its largest effect in margins, 1 being the margin."""
    rows = [row for row in audit.get("kinds") or [] if row.get("kind") in findings.KINDS]
    return pd.DataFrame(
        {
            "Kind": [findings.PLURAL[row["kind"]] for row in rows],
            "Verdict": [palette.verdict(row.get("verdict")).words for row in rows],
            "Largest effect, in margins": [_signed(row.get("score")) for row in rows],
        }
    )


def by_films(audits: Sequence[Audit]) -> pd.DataFrame:
    """Audits of one model on several sets of films: films, verdict and AUROC of each."""
    rows = []
    for audit in audits:
        films: Mapping[str, Any] = audit.get("films") or {}
        source, content = str(films.get("source", "unknown")), str(films.get("sha256", ""))[:8]
        part = f" of {films['out_of']}" if films.get("out_of") else ""
        rows.append(
            {
                "Films": f"{source}, {films.get('n', '?')}{part} films, {content}",
                "Positive class": str(audit.get("positive", classes.positive())),
                "Verdict": palette.verdict(audit.get("verdict")).words,
                "AUROC": with_interval(
                    audit.get("auroc"), audit.get("auroc_low"), audit.get("auroc_high")
                ),
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


def quality(table: pd.DataFrame) -> pd.DataFrame:
    """How often the audit is right about networks of known answers (``stored.quality``)."""
    return pd.DataFrame(
        {
            "Kind": [findings.PLURAL.get(kind, "all kinds") for kind in table["kind"]],
            "What": [MEASURES.get(measure, measure) for measure in table["measure"]],
            "Value": [with_interval(r.value, r.low, r.high) for r in table.itertuples(index=False)],
            "Accusing every network": [_plain(value) for value in table["always"]],
            "Networks": table["n"].astype(str),
        }
    )


def _plain(value: Any) -> str:
    found = number(value)
    return f"{found:.2f}" if math.isfinite(found) else ""


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


def provenance(cards: Sequence[Card], audits: Mapping[str, Audit]) -> pd.DataFrame:
    """Where each model comes from, one column a model: recipe, seed, split, data, hashes, date."""
    columns = {
        "": [
            "Recipe",
            "Seed",
            "Split",
            "Class weights",
            "Made",
            "With",
            "Model SHA-256",
            "Training data SHA-256",
            "Split SHA-256",
            "Audited on",
            "Device labels",
            "Audit seed",
        ]
    }
    titles = titles_by_name(cards)
    for card in cards:
        audit = audits.get(card.name, {})
        films = described(audit.get("films", audit.get("data")))
        columns[titles[card.name]] = [
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
            described(audit.get("labels")) if audit else "",
            _known(audit.get("seed")),
        ]
    return pd.DataFrame(columns)


def described(value: Any) -> str:
    """Films or labels of an audit: a name, or name and hash."""
    return _listed(value) if isinstance(value, Mapping) else _known(value)


def _known(value: Any) -> str:
    return "unknown" if value is None or value == "" else str(value)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "unknown"


def superpixels(table: pd.DataFrame, leading: int = 12) -> pd.DataFrame:
    """The leading regions of one explanation (``Explanation.table``), numbered by weight."""
    rows = table.head(leading)
    return pd.DataFrame(
        {
            "Region": [str(number) for number in range(1, len(rows) + 1)],
            "Weight in log-odds": [
                with_interval(r.weight, r.low, r.high, 2, True) for r in rows.itertuples()
            ],
            "Pushes": [
                f"toward {classes.positive()}" if w > 0 else "away from it" if w else "neither way"
                for w in rows["weight"]
            ],
        }
    )


def calls(readings: Sequence[Any], titles: Mapping[str, str], device: str) -> pd.DataFrame:
    """What every model calls a film, as it is and with devices (``reading.Reading``).

    Parameters
    ----------
    device : kind that is laid on
    """
    rows = []
    for reading in readings:
        chance = [
            text.percent(float(odds.to_probability(value)))
            for value in (reading.log_odds, reading.with_device, reading.with_null)
        ]
        turned = reading.turned
        rows.append(
            {
                "Model": titles.get(reading.model, reading.model),
                f"Probability of {classes.positive()}": chance[0],
                "Threshold": metrics.show_threshold(reading.threshold),
                "Call": reading.call,
                f"With {findings.ONE[device]}": chance[1],
                "With its match": chance[2],
                "Calls changed": f"{turned[0]} of {len(reading.device)} (match: {turned[1]})",
                "Explanation": "stable"
                if reading.explanation.stable
                else "not stable: " + str(reading.explanation.why_unstable),
            }
        )
    return pd.DataFrame(rows)
