"""Evidence of stored audits, put in order for people: tables and sentences, no models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray import classes
from xray.audits import interventions, verdict
from xray.audits.effects import COLUMNS
from xray.audits.suspects import SUSPECTS, Subject, Trial
from xray.drawing.planting import as_bytes, as_float
from xray.errors import ArtifactError, DatasetError
from xray.files import artifact, artifacts_dir, read_json, read_table
from xray.films import decode, lungs
from xray.labels import devices
from xray.models import registry
from xray.models.registry import Card, probability
from xray.text import _article

#: Cures, the model they are compared with first.
CURES = ("whole_film", "device_matched", "device_free", "device_balanced")


def effects(audit: Mapping[str, Any], family: str) -> pd.DataFrame:
    """Effects over both classes of one family of suspects ("device", or "other" for the rest)."""
    rows = pd.DataFrame(audit.get("effects", []), columns=list(COLUMNS))
    of_family = (rows["family"].fillna("device") == "device") == (family == "device")
    chosen = rows[of_family & (rows["label"].fillna("") == "")].reset_index(drop=True)
    numbers = ["net_log_odds", "ci_low", "ci_high"]
    return chosen.assign(**chosen[numbers].astype(float))


def in_plain_words(audit: Mapping[str, Any]) -> str:
    """What drawing a device into normal films does to the calls, in one sentence."""
    rows = [
        row
        for row in audit.get("effects", [])
        if row.get("test") == "insertion" and row.get("device") != "all kinds"
        and row.get("family") == "device" and row.get("label")
        and not classes.side(row["label"])
    ]  # fmt: skip
    if not rows:
        return "No normal films without devices were there to draw into."
    top = max(rows, key=lambda row: row["called_after"] - row["called_sham"])
    return (
        f"With {_article(str(top['device']))} drawn in, {100 * top['called_after']:.0f} % of "
        f"{top['n']} normal films are called pneumonia; with a sham of the same brightness "
        f"{100 * top['called_sham']:.0f} %, as they are {100 * top['called_before']:.0f} %."
    )


def panel() -> pd.DataFrame:
    """The committed control models (see ``panel.measure``)."""
    return read_table(artifact("controls", "panel.csv"))


def calibration() -> verdict.Calibration | None:
    """The controls' calibration; None when there is none.

    Raises
    ------
    ArtifactError
        There is one, and it is damaged.
    """
    there = artifact("controls", verdict.FILE).is_file()
    return verdict.load() if there else None


def with_titles(cards: Sequence[Card], audits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Audits that have a score, in the order of the cards, each with the model's title."""
    found = [audits[card.name] | {"title": card.title} for card in cards if card.name in audits]
    return [audit for audit in found if audit.get("score") is not None]


def cures(
    cards: Sequence[Card], audits: Mapping[str, Any], accuracy: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """Reliance and accuracy of the cures and of the model they start from.

    Parameters
    ----------
    accuracy : model -> value, low and high of its test accuracy at its own threshold
    """
    titles = {card.name: card.title for card in cards}
    rows = [
        {"model": name, "title": titles[name],
         "score": audits[name]["score"], "score_low": audits[name]["score_low"],
         "score_high": audits[name]["score_high"], "verdict": audits[name]["verdict"],
         "accuracy": accuracy[name]["value"], "accuracy_low": accuracy[name]["low"],
         "accuracy_high": accuracy[name]["high"]}
        for name in CURES
        if name in titles and name in audits and name in accuracy
        and audits[name].get("score") is not None
    ]  # fmt: skip
    return pd.DataFrame(rows)


def again(folder: Path, moved: Mapping[str, Any], seed: int) -> tuple[np.ndarray, Trial]:
    """Make the films of one trial of an audit again: the film as it is, and the trial.

    Raises
    ------
    DatasetError
        The film is not in the folder, or the trial cannot be made from it.
    """
    path = folder / str(moved["file"])
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise DatasetError(
            "This film is not in the folder of films; set XRAY_DATA to the folder that was audited."
        )
    size = (interventions.SIDE, interventions.SIDE)
    film = as_float(as_bytes(decode.resize(decode.read(path).pixels, size)))
    looks = devices.load_geometry().get(str(moved["file"]), ())
    mask = devices.mask(looks, size) if looks else None
    subject = Subject(film, lungs.estimate(film), mask)
    wanted = f"{moved['test']}:{moved['kind']}"
    suspect = next((each for each in SUSPECTS if each.name == wanted), None)
    trial = None
    if suspect:
        # Audits of before drew once.
        draw = int(moved.get("draw", 0))
        trial = interventions.attempt(str(moved["file"]), subject, suspect, seed, draw)
    if trial is None:
        raise DatasetError("This change cannot be made again on this film; audit the model anew.")
    return film, trial


def chance(log_odds: float) -> float:
    """Probability of PNEUMONIA of one log-odds."""
    return float(probability(np.array([log_odds]))[0])


def stored_audits(cards: Sequence[registry.Card]) -> dict[str, dict[str, Any]]:
    """Audits by model, of those models as they are now.

    An audit that cannot be read, or of another network than the card's, counts as none.
    """
    found = {}
    for card in cards:
        try:
            value = read_json(artifacts_dir() / "audits" / f"{card.name}.json")
        except ArtifactError:
            continue
        if isinstance(value, dict) and value.get("model_hash") in (None, card.sha256):
            found[card.name] = value
    return found


def stored_quality() -> pd.DataFrame:
    """The audit's own quality on the control models, as ``controls`` stored it."""
    path = artifact("controls", "quality.csv")
    table = read_table(path)
    if not {"measure", "strength", "value", "low", "high", "n", "left_out"} <= set(table.columns):
        raise ArtifactError(f"{path.name} is damaged; restore it from git.")
    return table
