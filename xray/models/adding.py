"""Take a Keras model of somebody's own into the registry."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xray import environment
from xray.errors import ModelError
from xray.files import sha256_file, write_bytes
from xray.models import networks, registry
from xray.models.registry import Card

#: Names of models: they become folders, and stand in links and on the command line.
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def add(
    path: Path,
    name: str,
    title: str = "",
    folder: Path | None = None,
    *,
    reserved: Collection[str] = (),
    **options: Any,
) -> Card:
    """Check a model file, copy it into the registry, and write its card last.

    Parameters
    ----------
    path : ``.keras`` or ``.h5`` file; an ``.h5`` file is stored as ``.keras``.
    name : the model's name: lower-case letters, digits, "-" and "_", at most 40.
    title : name for people; ``name`` when empty.
    folder : folder of models; the artifacts' when None.
    reserved : names that no added model may have, such as those of recipes
    **options : scale, output, positive_index, threshold, fit (see ``registry.Card``).

    Returns
    -------
    Card
        As it was written; role "user".

    Raises
    ------
    ModelError
        The name or an option cannot be used, or the file is no model that can be audited.
    """
    folder = registry.models_dir() if folder is None else folder
    check(name, folder, options.get("threshold"), reserved)
    model = registry.load(str(path), **options)
    home = folder / name
    stored = home / registry.WEIGHTS
    if path.suffix == ".keras":
        write_bytes(stored, path.read_bytes())
    else:
        networks.save(networks.read(path, name), stored)
    card = replace(
        model.card,
        name=name,
        title=title or name,
        files={registry.WEIGHTS: sha256_file(stored)},
        bytes=stored.stat().st_size,
        layers=networks.layer_table(model.network),
        versions=environment.versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes="Added by its owner; how it was trained is not known here.",
    )
    registry.write_card(card, home)
    return card


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
