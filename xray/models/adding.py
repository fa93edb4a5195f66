"""Take a model of somebody's own into the registry."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from xray import environment
from xray.errors import ModelError
from xray.files import sha256_tree, write_bytes
from xray.models import evaluation, networks, registry
from xray.models.card import Card, models_dir, write_card
from xray.models.formats import reader
from xray.models.model import Model

#: Names of models: they become folders, and stand in links and on the command line.
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def add(
    path: Path,
    name: str,
    title: str = "",
    folder: Path | None = None,
    *,
    reserved: Collection[str] = (),
    model: Model | None = None,
    predictions: pd.DataFrame | None = None,
    threshold_from: str = "",
    trained_on: str = "",
    warning: str = "",
    left_out: str = "",
    **options: Any,
) -> Card:
    """Check a model file, copy it into the registry, and write its card last.

    Parameters
    ----------
    path : model file or folder of any format; one of HDF5 is stored as ``.keras``.
    name : the model's name: lower-case letters, digits, "-" and "_", at most 40.
    title : name for people; ``name`` when empty.
    folder : folder of models; the artifacts' when None.
    reserved : names that no added model may have, such as those of recipes.
    model : the loaded file, where it was loaded with these options already.
    predictions : of test films, to be stored with it (see ``evaluation.predict``).
    threshold_from, trained_on, warning : for the card; "" where there is nothing to say.
    left_out : what of the films has no prediction (``left_out.beside``).
    **options : see ``registry.load``.

    Returns
    -------
    Card
        As it was written; role "user".

    Raises
    ------
    ModelError
        The name or an option cannot be used, or the file is no model that can be audited.
    """
    folder = models_dir() if folder is None else folder
    check(name, folder, options.get("threshold"), reserved)
    model = model or registry.load(str(path), **options)
    home = folder / name
    new = not home.exists()
    try:
        stored = _store(path, name, home / model.card.weights)
        card = replace(
            model.card,
            name=name,
            title=title or name,
            files={model.card.weights: sha256_tree(stored)},
            bytes=_size(stored),
            layers=networks.layer_table(model.network),
            versions=environment.versions(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            threshold_from=threshold_from,
            data=trained_on,
            warning=warning,
            notes="Added by its owner"
            + ("." if trained_on else "; how it was trained is not known here."),
        )
        write_card(card, home)
        if predictions is None:
            return card
        return evaluation.store(card, predictions, home, left_out)
    except BaseException:
        # What fails leaves nothing behind.
        if new:
            shutil.rmtree(home, ignore_errors=True)
        raise


def _store(path: Path, name: str, stored: Path) -> Path:
    """Copy a model to where it is kept; HDF5 becomes ``.keras``."""
    kind = reader.kind(path)
    if kind == "hdf5":
        networks.save(networks.read(path, name), stored)
    elif kind == "saved_model":
        shutil.copytree(path, stored)
    else:
        write_bytes(stored, path.read_bytes())
    return stored


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_size for each in files if each.is_file())


def check(
    name: str, folder: Path, threshold: float | None = None, reserved: Collection[str] = ()
) -> None:
    """Refuse a name that is taken, reserved or impossible, and a threshold that is none."""
    if NAME.fullmatch(name) is None:
        raise ModelError(
            "--name takes lower-case letters, digits, '-' and '_', at most 40, such as my-model."
        )
    if name in reserved:
        raise ModelError(f"{name} is the name of a recipe; choose another --name.")
    if (folder / name / "card.json").exists():
        raise ModelError(
            f"There is a model named {name}; choose another --name, or remove {folder / name}."
        )
    if threshold is not None and not 0 < threshold < 1:
        raise ModelError("--threshold is a probability between 0 and 1; 0.5 is a common one.")
