"""Networks by name or file: loaded checked, and kept while there is memory for them.

Nothing here imports TensorFlow until a model is loaded, so that pages which only show
results start quickly and stay small.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from xray import classes
from xray.errors import ModelError
from xray.files import sha256_tree
from xray.models.card import Card, models_dir, of_options, read_card, read_cards
from xray.models.model import Model

#: Models kept in memory together, in bytes of their weights; the least recently used goes.
MEMORY_LIMIT = 600 * 2**20


_cache: OrderedDict[tuple[str, str, str], Model] = OrderedDict()
_cache_lock = threading.Lock()


def load(name: str, folder: Path | None = None, **options: Any) -> Model:
    """Load a registered model by name, or a model file by path, whatever its format.

    A registered model's file is checked against the SHA-256 on its card. Loaded models are
    kept until ``MEMORY_LIMIT`` bytes of weights are exceeded; the least recently used goes.

    Parameters
    ----------
    name : registered name, or path to a file.
    folder : folder of models; the artifacts' when None.
    **options : for a file: scale, colour, output, output_name, positive_index, size, fit,
        threshold (see ``Card``).

    Raises
    ------
    ModelError
        No such model, the file was changed, or it cannot be loaded safely.
    """
    from xray.models import networks
    from xray.models.formats import reader

    card, path, stored = _find(name, folder, options)
    # The positive class may choose among the outputs of a file.
    key = (card.name, sha256_tree(path), card.as_read if stored else classes.positive())
    if card.sha256 and key[1] != card.sha256:
        raise ModelError(
            f"{path.name} of {card.name} does not match the hash on its card; "
            "restore the file, or add or train the model again."
        )
    with _cache_lock:
        if not options and key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
        network = reader.read(path, card.name)
        card = networks.complete(card, network, None if stored else options)
        model = Model(replace(card, files={**card.files, card.weights: key[1]}), network)
        # Absolute: a worker stands in another folder.
        home = (models_dir() if folder is None else folder).resolve()
        place = (name, home) if stored else (str(path.resolve()), None)
        given = tuple(sorted(options.items()))
        model.origin = (_again, (*place, given, key[1], classes.current().labels))
        networks.check(model)
        if not options:
            _cache[key] = model
            while len(_cache) > 1 and sum(each.bytes for each in _cache.values()) > MEMORY_LIMIT:
                _cache.popitem(last=False)
        return model


def registered(name: str, folder: Path | None = None) -> bool:
    """Whether a name is that of a registered model; a path to a file is none."""
    home = (models_dir() if folder is None else folder) / name
    return Path(name).name == name and (home / "card.json").is_file()


def _find(name: str, folder: Path | None, options: dict[str, Any]) -> tuple[Card, Path, bool]:
    """Card and file of a registered name or of a path, and whether it is registered."""
    if registered(name, folder):
        home = (models_dir() if folder is None else folder) / name
        card = read_card(home)
        if card.problem:
            raise ModelError(card.problem)
        if options:
            raise ModelError(
                f"{name} has its options on its card ({', '.join(sorted(options))} cannot be "
                "given); add its file under another name to change them."
            )
        return card, home / card.weights, True
    path = Path(name)
    if not path.exists() and path.name == name and not path.suffix:
        known = ", ".join(card.name for card in read_cards(folder)) or "none yet"
        raise ModelError(f"There is no model named {name}; choose one of: {known}.")
    return of_options(path.stem, **options), path, False


@lru_cache(maxsize=2)
def _again(
    name: str,
    folder: Path | None,
    options: tuple[tuple[str, Any], ...],
    sha256: str,
    labels: tuple[str, str],
) -> Model:
    """Load a model that travelled here from another process; once, and only the same file."""
    with classes.using(classes.Classes(*labels)):
        model = load(name, folder, **dict(options))
    if model.card.sha256 != sha256:
        raise ModelError(
            f"{name} is another file for this worker than where the work was started; "
            "let all machines share one folder of models."
        )
    return model
