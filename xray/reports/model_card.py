"""A model's card for people: the facts, the layers, and the whole as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from xray import classes
from xray.figures import palette
from xray.figures.base import by_metric, interval
from xray.films.interpolate import OWN, RESIZES
from xray.metrics.scores import TITLES
from xray.models.card import Card
from xray.models.formats.reader import FORMATS
from xray.reports import html, overview, sentences
from xray.training.diagnosis import Sign

LIMITS = (
    "Not for clinical use. Trained and judged on films of one hospital's children aged one to "
    "five; how it does elsewhere is not known. Good figures on these films do not mean that it "
    "looks at lungs: see its audit."
)
#: The same of a model whose training is not known here.
LIMITS_OF_OTHERS = (
    "Not for clinical use. What it learnt from is what its owner says, or not known. It may have "
    "seen the films that it is judged on here. Good figures do not mean that it looks at lungs: "
    "see its audit."
)
#: The same of a demonstration's model.
LIMITS_OF_DEMO = (
    "Not for clinical use. Trained and judged on synthetic films that this program drew; it says "
    "nothing of real ones. It shows how an audit works."
)


def right(predictions: pd.DataFrame, threshold: float) -> float | None:
    """Of 100 test films those that a model calls rightly; None where it has none.

    Parameters
    ----------
    predictions : as ``card.read_predictions`` gives them
    threshold : log-odds from which a film is called positive
    """
    test = predictions[predictions["split"] == "test"]
    if test.empty:
        return None
    return 100 * float(
        ((test["log_odds"] >= threshold) == classes.is_positive(test["label"])).mean()
    )


def finding(shares: Sequence[float], audited: int, count: int) -> str:
    """How often models are right, and how many were audited, as a title.

    Parameters
    ----------
    shares : of 100 test films those that each is right on, of the models that have any
    audited : models that have an audit to believe
    count : all models
    """
    if not count:
        return "No model yet"
    models = "1 model" if count == 1 else f"{count} models"
    told = f"{audited} of {models} {'is' if audited == 1 else 'are'} audited"
    if not shares:
        return f"{told}; none was judged on test films yet"
    low, high = (f"{end:.0f}" for end in (min(shares), max(shares)))
    spread = low if low == high else f"{low} to {high}"
    return f"Right on {spread} of 100 test films; {told}"


def limits(card: Card) -> str:
    """What a model is not for, as far as it is known how it came about."""
    return {"user": LIMITS_OF_OTHERS, "demo": LIMITS_OF_DEMO}.get(card.role, LIMITS)


def _threshold(card: Card) -> str:
    """The threshold and where it comes from; nothing is said that nobody said."""
    known = card.threshold_from or ("" if card.role == "user" else "chosen on validation")
    return f"{card.threshold:.4g} (probability of {card.positive}{', ' if known else ''}{known})"


def _output(card: Card) -> str:
    """How its outputs are read."""
    said = card.output.replace("_", " ")
    if card.output_name:
        said += f" of '{card.output_name}'"
    if card.settings.get("unit_means_normal"):
        return f"{said}; its unit is the chance of {card.negative}"
    if card.positive_index != (0,):
        said += f"; {card.positive} is unit {' and '.join(map(str, card.positive_index))}"
    return said


def _input(card: Card) -> str:
    """What it is given."""
    said = f"{card.size[0]} x {card.size[1]} pixels, {card.channels} channel(s), {card.scale} scale"
    if card.colour:
        said += f", {card.colour}"
    if card.inside:
        said += f" (scales inside: {card.inside})"
    return f"{said}, {RESIZES.get(card.fit, card.fit) if card.fit not in OWN else card.fit}"


def facts(card: Card) -> dict[str, str]:
    """What is known about a model, as words by name; what is not known is left out."""
    minutes = f"{card.wall_time_s / 60:.0f} minutes" if card.wall_time_s else ""
    films = "; ".join(
        f"{split} {sum(labels.values()):,} ({', '.join(f'{n:,} {k}' for k, n in labels.items())})"
        for split, labels in card.counts.items()
    )
    weights = ", ".join(f"{label} {value:g}" for label, value in card.class_weight.items())
    seed = "" if card.seed is None else str(card.seed)
    known = {
        "Recipe": card.recipe,
        "Format": FORMATS.get(card.format, card.format) if card.role == "user" else "",
        "Input": _input(card),
        "Output": _output(card),
        "Parameters": f"{card.parameters:,}" if card.parameters else "",
        "Threshold": _threshold(card),
        "Data": card.data,
        "Split": card.split,
        "Films": films,
        "Left out": " ".join(f"{split}: {said}" for split, said in card.left_out.items()),
        "Class weights": weights,
        "Seed": seed,
        "Training took": minutes,
        "Made": card.created,
        "File": f"{card.bytes / 2**20:.1f} MB" if card.bytes else "",
        "SHA-256": card.sha256,
        "Data hash": card.data_hash,
        "Notes": card.notes,
        "Warning": card.warning,
    }
    return {name: value for name, value in known.items() if value}


def facts_html(card: Card) -> str:
    """The facts as a table of HTML; hashes are cut short."""
    rows = "".join(
        f'<tr><th style="text-align:left;padding:.15rem 1rem .15rem 0;font-weight:600;'
        f'vertical-align:top;white-space:nowrap">{html.escape(name)}</th>'
        f'<td style="overflow-wrap:anywhere">{html.escape(_short(value))}</td></tr>'
        for name, value in facts(card).items()
    )
    return f'<table style="font-size:.9rem;border-collapse:collapse">{rows}</table>'


def _short(value: str) -> str:
    return f"{value[:12]}…" if len(value) == 64 and " " not in value else value


def layers(card: Card) -> pd.DataFrame:
    """The layers of a network: layer, type, output (its shape without the batch), parameters."""
    rows = [
        (
            str(layer.get("name", "")),
            str(layer.get("type", "")),
            " x ".join(str(side) for side in (layer.get("output") or [])[1:]),
            int(layer.get("parameters") or 0),
        )
        for layer in card.layers
    ]
    return pd.DataFrame(rows, columns=["layer", "type", "output", "parameters"])


def markdown(
    card: Card,
    scores: pd.DataFrame | None,
    signs: Iterable[Sign],
    audit: Mapping[str, Any] | None = None,
    gap: str = "",
) -> str:
    """The whole card as Markdown, after Mitchell et al. (2019), "Model cards".

    Parameters
    ----------
    card : the model's card.
    scores : its metrics on test (``scores.scores``); None where there are none.
    signs : what is wrong with it.
    audit : its audit; None where there is none.
    gap : why there is no audit, a sentence.
    """
    parts = [f"# {html.plain(card.title or card.name)}", limits(card), "## Facts"]
    parts.append(_table(["", ""], [[name, value] for name, value in facts(card).items()]))
    if scores is not None and len(scores):
        rows = [[TITLES[str(name)], interval(row, 4)] for name, row in by_metric(scores).items()]
        parts += [
            "## Test films",
            f"{card.positive} is the positive class; the threshold is {_threshold(card)}. "
            "Intervals are 95 %: Wilson for proportions, else a bootstrap by possible patient.",
            _table(["Metric", "Value"], rows),
        ]
    key, words = sentences.chip(audit)
    parts += [
        "## Does it read devices?",
        f"**{html.plain((words or palette.verdict(key).words).capitalize())}.** "
        f"{html.plain(sentences.finding(audit, gap))}",
    ]
    if facts_ := overview.facts_of(audit or {}):
        parts.append(_table(["", ""], facts_))
    found = [f"- **{sign.kind}**: {html.plain(sign.sentence)}" for sign in signs]
    parts += ["## What is wrong with it", "\n".join(found) or "No sign found."]
    if card.recipe:
        seed = f" --seed {card.seed}" if card.seed is not None else ""
        parts += ["## Train it again", f"```\npython -m xray train {card.recipe}{seed}\n```"]
    if card.layers:
        table = layers(card).astype(str)
        parts += ["## Layers", _table(list(table.columns), table.to_numpy().tolist())]
    if card.settings:
        rows = [[name, str(value)] for name, value in card.settings.items()]
        parts += ["## Settings", _table(["Setting", "Value"], rows)]
    if card.versions:
        rows = [[name, value] for name, value in card.versions.items()]
        parts += ["## Versions", _table(["Package", "Version"], rows)]
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; nothing in its cells is markup."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(html.plain(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def huggingface(
    card: Card,
    scores: pd.DataFrame | None,
    signs: Iterable[Sign],
    audit: Mapping[str, Any] | None = None,
    gap: str = "",
) -> str:
    """The card as a README.md of the Hugging Face hub: metadata in YAML before the Markdown.

    Parameters
    ----------
    card, scores, signs, audit, gap : as of ``markdown``

    Returns
    -------
    str
        Figures stand in the metadata as a model index; their intervals in the text below.
    """
    library = {"keras": "keras", "saved_model": "tf-keras", "tflite": "tflite", "onnx": "onnx"}
    data: dict[str, Any] = {
        "library_name": library.get(card.format, "keras"),
        "pipeline_tag": "image-classification",
        "tags": ["chest-x-ray", _tag(card.positive), "not-for-clinical-use"],
    }
    if scores is not None and len(scores):
        rows = by_metric(scores)
        found = [
            {"type": kind, "name": TITLES[name], "value": round(float(rows[name]["value"]), 4)}
            for kind, name in _HUB.items()
            if name in rows and rows[name]["value"] == rows[name]["value"]
        ]
        films = int(scores["n"].max())
        result = {
            "task": {
                "type": "image-classification",
                "name": f"{card.positive} against {card.negative}",
            },
            "dataset": {
                "type": "chest-x-ray",
                "name": f"{films} labelled chest films, {card.positive} positive",
                "split": "test",
            },
            "metrics": found,
        }
        data["model-index"] = [{"name": card.name, "results": [result]}]
    return f"---\n{_yaml(data)}---\n\n{markdown(card, scores, signs, audit, gap)}"


def _tag(label: str) -> str:
    """Name of a class as tags are written: in small letters, without spaces."""
    return "-".join(label.casefold().split())


#: The hub's names of metrics -> ours.
_HUB = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
    "roc_auc": "auroc",
}


def _yaml(value: Any, indent: str = "") -> str:
    """Plain data as block YAML; texts in double quotes, which JSON and YAML share."""
    lines = []
    for key, entry in value.items():
        if isinstance(entry, dict):
            lines.append(f"{indent}{key}:\n{_yaml(entry, indent + '  ')}")
        elif isinstance(entry, list):
            lines.append(f"{indent}{key}:\n")
            for each in entry:
                if isinstance(each, dict):
                    inner = _yaml(each, indent + "  ")
                    lines.append(f"{indent}- {inner.removeprefix(indent + '  ')}")
                else:
                    lines.append(f"{indent}- {json.dumps(each)}\n")
        else:
            lines.append(f"{indent}{key}: {json.dumps(entry)}\n")
    return "".join(lines)
