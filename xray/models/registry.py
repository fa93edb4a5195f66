"""Models and their cards: what there is, loaded checked, and one way to predict.

Nothing here imports TensorFlow until a model is loaded, so that pages which only show
results start quickly and stay small.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xray import classes
from xray.errors import ArtifactError, ModelError, XrayError
from xray.files import (
    artifacts_dir,
    read_json,
    read_table,
    sha256_file,
    sha256_tree,
    write_json,
)

if TYPE_CHECKING:
    # For types only: what reads films and tables takes long to import, and cards need neither.
    import pandas as pd

    from xray.films.decode import Pixels

LogOdds = NDArray[np.float64]

#: Name of the network's file inside a model's folder.
WEIGHTS = "model.keras"
#: The same of networks of another format; a SavedModel is a folder.
STORED = {"onnx": "model.onnx", "tflite": "model.tflite", "saved_model": "saved_model"}
#: Models kept in memory together, in bytes of their weights; the least recently used goes.
MEMORY_LIMIT = 600 * 2**20


@dataclass(frozen=True)
class Card:
    """What is known about one model, as stored in its ``card.json``.

    ``size`` is (height, width) in pixels; ``scale`` and ``colour`` say what the network takes
    (see ``inputs``), ``inside`` what it scales by itself; ``fit`` how a film is brought to the
    size (see ``xray.films``); ``output`` and ``positive_index`` how its outputs are read (see
    ``outputs``), of several outputs the one that ``output_name`` names; ``positive`` and
    ``negative`` are the names of its two classes; ``threshold`` is a probability of ``positive``
    and ``threshold_from`` says where it comes from; ``files`` maps each file of the model's folder
    to its SHA-256; ``warning`` is what a check of its options found; ``problem`` says why the
    model cannot be used, and is empty when it can.
    """

    name: str
    title: str = ""
    recipe: str = ""
    role: str = "user"
    size: tuple[int, int] = (0, 0)
    channels: int = 1
    scale: str = "unit"
    fit: str = "squash"
    output: str = "sigmoid"
    positive_index: tuple[int, ...] = (0,)
    positive: str = classes.DEFAULT.positive
    negative: str = classes.DEFAULT.negative
    threshold: float = 0.5
    threshold_from: str = ""
    format: str = "keras"
    colour: str = ""
    inside: str = ""
    output_name: str = ""
    warning: str = ""
    files: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    parameters: int = 0
    layers: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    data: str = ""
    data_hash: str = ""
    split: str = ""
    split_hash: str = ""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    class_weight: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    wall_time_s: float | None = None
    created: str = ""
    notes: str = ""
    problem: str = ""

    def __post_init__(self) -> None:
        index: Any = self.positive_index  # One number on cards that were stored before.
        index = (index,) if isinstance(index, int) else index
        object.__setattr__(self, "positive_index", tuple(int(each) for each in index))

    @property
    def weights(self) -> str:
        """Name of the network's file inside the model's folder."""
        return STORED.get(self.format, WEIGHTS)

    @property
    def sha256(self) -> str:
        """SHA-256 of the network's file; empty when there is none."""
        return self.files.get(self.weights, "")

    @property
    def labels(self) -> tuple[str, str]:
        """Names of its classes, the negative one first."""
        return self.negative, self.positive

    @property
    def threshold_log_odds(self) -> float:
        """The operating threshold as log-odds."""
        return float(np.log(self.threshold) - np.log1p(-self.threshold))


class Predictor(Protocol):
    """What explanations and audits need of a model; tests bring their own."""

    @property
    def card(self) -> Card:
        """Its card."""

    def prepare(self, films: Pixels) -> Pixels:
        """Resize films (N, H, W) to the model's size, still grey in [0, 1]."""

    def log_odds_prepared(self, grey: Pixels, precision: str = "float32") -> LogOdds:
        """Log-odds of the positive class for prepared films."""


def models_dir() -> Path:
    """Folder that holds a folder a model."""
    return artifacts_dir() / "models"


def read_card(folder: Path) -> Card:
    """Read one card; a damaged one comes back with its ``problem`` filled in."""
    try:
        value = read_json(folder / "card.json")
        known = {item.name for item in fields(Card)}
        card = Card(**{key: entry for key, entry in value.items() if key in known})
        card = replace(card, name=folder.name, size=(int(card.size[0]), int(card.size[1])))
        if not 0.0 < float(card.threshold) < 1.0 or min(card.size) < 1:
            raise ArtifactError(f"The card of {folder.name} holds impossible values; restore it.")
    except XrayError as error:
        return Card(folder.name, title=folder.name, problem=str(error))
    except (TypeError, ValueError, AttributeError, IndexError):
        problem = f"The card of {folder.name} is not a model card; restore or remove it."
        return Card(folder.name, title=folder.name, problem=problem)
    if not (folder / card.weights).exists():
        problem = (
            f"{card.weights} of {folder.name} is missing; restore it or train the model again."
        )
        return replace(card, problem=problem)
    return card


def cards(folder: Path | None = None, roles: tuple[str, ...] | None = None) -> list[Card]:
    """All cards of a folder of models: the three recipes, the base of the cures, the rest by name.

    Parameters
    ----------
    folder : folder of models; the artifacts' when None.
    roles : keep only these roles; broken cards (``problem``) are always kept.
    """
    folder = models_dir() if folder is None else folder
    found = [read_card(path.parent) for path in sorted(folder.glob("*/card.json"))]
    if roles is not None:
        found = [card for card in found if card.role in roles or card.problem]
    order = ("basic", "augmented", "transfer", "whole_film")
    first = {name: place for place, name in enumerate(order)}
    return sorted(found, key=lambda card: (first.get(card.name, len(first)), card.role, card.name))


def write_card(card: Card, folder: Path) -> None:
    """Write ``card.json`` into a model's folder, whole or not at all."""
    write_json(folder / "card.json", asdict(replace(card, problem="")))


def titles_of(cards: Sequence[Card]) -> dict[str, str]:
    """Title -> name; a title that two models have is told apart by their names."""
    titles = [card.title or card.name for card in cards]
    return {
        title if titles.count(title) == 1 else f"{title} ({card.name})": card.name
        for title, card in zip(titles, cards, strict=True)
    }


def predictions(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Stored predictions: file, split ("val" or "test"), label, log_odds, probability.

    Raises
    ------
    ArtifactError
        The table is missing, damaged, or not the one its card names.
    """
    home = (models_dir() if folder is None else folder) / name
    path = home / "predictions.csv"
    card = read_card(home)
    table = read_table(path)
    expected = card.files.get("predictions.csv")
    if expected and sha256_file(path) != expected:
        raise ArtifactError(
            f"The predictions of {name} were changed after they were made; "
            f"make them again with 'python -m xray evaluate {name} --store', or restore the file."
        )
    return table


class Model:
    """A loaded network with its card; safe to call from several threads.

    Parameters
    ----------
    card : the model's card.
    network : a built Keras model that gives the card's ``output``, or a ``runtimes.Runtime``.
    """

    def __init__(self, card: Card, network: Any) -> None:
        from xray.models.formats import keras_graph
        from xray.models.formats.runtimes import Runtime

        self.card = card
        self.keras = not isinstance(network, Runtime)
        #: Whether the network gives logits, its last activation removed.
        self.exact = False
        if self.keras:
            network, self.exact = keras_graph.prepared(network, card)
        self._network = network
        #: Name, folder and options that it was loaded by; None for one made in this process.
        self.origin: tuple[str, Path | None, dict[str, Any]] | None = None
        self.lock = threading.Lock()
        self._compiled: dict[str, Callable[[Pixels], NDArray[np.float32]]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the place of a file and its hash, never as weights."""
        if self.origin is None:
            raise ModelError(
                f"{self.card.name} lies in no file that another process could load; store it first."
            )
        name, folder, options = self.origin
        return _again, (name, folder, tuple(sorted(options.items())), self.card.sha256)

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return int(4 * self._network.count_params())

    @property
    def network(self) -> Any:
        """The network; one of Keras without its last activation where that could be removed."""
        return self._network

    def prepare(self, films: Pixels) -> Pixels:
        """Resize films (N, H, W) of any size to (N, h, w), still grey in [0, 1]."""
        from xray.films.decode import resize

        return resize(films, self.card.size, self.card.fit)

    def log_odds_prepared(
        self, grey: Pixels, precision: str = "float32", batch: int | None = None
    ) -> LogOdds:
        """Log-odds of the positive class of films already at the model's size.

        Parameters
        ----------
        grey : (N, h, w) float32 in [0, 1]
        precision : "float32" or "bfloat16" (the arithmetic; weights stay float32)
        batch : films a call; chosen by the size of a film when None.

        Returns
        -------
        (N,) float64; a ModelError where the network gave something that is not a number
        """
        from xray.models import inputs, outputs

        card = self.card
        # About 4 million input pixels a batch keep activations within tens of megabytes.
        step = batch or max(8, min(256, 2**20 // int(np.prod(card.size))))
        parts = [
            self.raw(inputs.scaled(grey[start : start + step], card.scale, card.channels,
                                   card.colour), precision)
            for start in range(0, len(grey), step)
        ]  # fmt: skip
        raw = np.concatenate(parts) if parts else np.empty((0, 1 + max(card.positive_index)))
        return outputs.by_card(raw, card, logits=self.exact)

    def raw(self, x: Pixels, precision: str = "float32") -> NDArray[np.float32]:
        """What the network gives, (N, units), of one batch of scaled films (N, h, w, channels)."""
        from xray.models import networks

        with self.lock:
            if precision not in self._compiled:
                self._compiled[precision] = networks.compiled(self._network, self.card, precision)
            given: NDArray[np.float32] = self._compiled[precision](x)
        return given

    def log_odds(self, films: Pixels, precision: str = "float32") -> LogOdds:
        """Log-odds of the positive class of films (N, H, W) of any size, float32 in [0, 1]."""
        return self.log_odds_prepared(self.prepare(films), precision)

    def probability(self, films: Pixels) -> LogOdds:
        """Probability of the positive class of films (N, H, W)."""
        return probability(self.log_odds(films))


def probability(log_odds: NDArray[np.floating[Any]]) -> LogOdds:
    """Probabilities of log-odds; see ``odds.to_probability``."""
    from xray.metrics.odds import to_probability

    return to_probability(log_odds)


_cache: OrderedDict[tuple[str, str], Model] = OrderedDict()
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
    key = (card.name, sha256_tree(path))
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
        model.origin = (name, home, options) if stored else (str(path.resolve()), None, options)
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
        known = ", ".join(card.name for card in cards(folder)) or "none yet"
        raise ModelError(f"There is no model named {name}; choose one of: {known}.")
    return Card(name=path.stem, title=path.stem, role="user", **options), path, False


@lru_cache(maxsize=2)
def _again(
    name: str, folder: Path | None, options: tuple[tuple[str, Any], ...], sha256: str
) -> Model:
    """Load a model that travelled here from another process; once, and only the same file."""
    model = load(name, folder, **dict(options))
    if model.card.sha256 != sha256:
        raise ModelError(
            f"{name} is another file for this worker than where the work was started; "
            "let all machines share one folder of models."
        )
    return model
