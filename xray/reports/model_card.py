"""A model's card for people: the facts, the layers, and the whole as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from xray.figures import palette
from xray.figures.base import by_metric, interval
from xray.metrics.scores import TITLES
from xray.models.registry import Card
from xray.reports import html, overview, sentences
from xray.training.diagnosis import Sign

LIMITS = (
    "Not for clinical use. Trained and judged on films of one hospital's children aged one to "
    "five; how it does elsewhere is not known. Good figures on these films do not mean that it "
    "looks at lungs: see its audit."
)


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
        "Input": f"{card.size[0]} x {card.size[1]} pixels, {card.channels} channel(s), "
        f"{card.scale} scale, {card.fit}",
        "Output": card.output,
        "Parameters": f"{card.parameters:,}" if card.parameters else "",
        "Threshold": f"{card.threshold:.4g} (probability of PNEUMONIA, chosen on validation)",
        "Data": card.data,
        "Split": card.split,
        "Films": films,
        "Class weights": weights,
        "Seed": seed,
        "Training took": minutes,
        "Made": card.created,
        "File": f"{card.bytes / 2**20:.1f} MB" if card.bytes else "",
        "SHA-256": card.sha256,
        "Data hash": card.data_hash,
        "Notes": card.notes,
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
    parts = [f"# {html.plain(card.title or card.name)}", LIMITS, "## Facts"]
    parts.append(_table(["", ""], [[name, value] for name, value in facts(card).items()]))
    if scores is not None and len(scores):
        rows = [[TITLES[str(name)], interval(row, 4)] for name, row in by_metric(scores).items()]
        parts += [
            "## Test films",
            "PNEUMONIA is the positive class; the threshold is the model's own, from validation. "
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
