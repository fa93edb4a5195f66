"""``python -m xray card MODEL``."""

from __future__ import annotations

import argparse
from pathlib import Path

from xray.errors import ArtifactError, ModelError
from xray.files import write_text

#: Formats -> words for people.
FORMATS = {"markdown": "for people", "huggingface": "a README.md of the Hugging Face hub"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``card``."""
    parser.add_argument("model", metavar="MODEL", help="registered name")
    parser.add_argument(
        "--format",
        choices=list(FORMATS),
        default="markdown",
        help="; ".join(f"{key}: {said}" for key, said in FORMATS.items()) + " (default: markdown)",
    )
    parser.add_argument("--out", type=Path, help="write it to this file (default: print it)")


def run(options: argparse.Namespace) -> None:
    """Write a model's card."""
    from xray.audits import stored as audits_
    from xray.models import evaluation, registry
    from xray.models.card import models_dir, read_card, read_cards, read_predictions
    from xray.reports import model_card
    from xray.training import diagnosis

    if not registry.registered(options.model):
        known = ", ".join(card.name for card in read_cards()) or "none yet"
        raise ModelError(f"There is no model named {options.model}; choose one of: {known}.")
    card = read_card(models_dir() / options.model)
    if card.problem:
        raise ModelError(card.problem)
    scores = stored = None
    try:
        stored = read_predictions(card.name)
        table = evaluation.of_card(card, stored)
        scores = table[table["split"] == "test"]
    except ArtifactError:
        # A model without predictions has a card without figures.
        pass
    audits, gaps = audits_.read_audits([card])
    make = model_card.huggingface if options.format == "huggingface" else model_card.markdown
    text = make(
        card,
        scores,
        diagnosis.signs(card, stored),
        audits.get(card.name),
        gaps.get(card.name, ""),
    )
    if options.out:
        write_text(options.out, text)
        print(f"written: {options.out}")
    else:
        print(text)
