"""Models and their cards: what there is, loaded checked, and one way to predict.

Nothing here imports TensorFlow until a model is loaded, so that pages which only show
results start quickly and stay small.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xray.errors import ArtifactError, ModelError, XrayError
from xray.files import artifacts_dir, read_json, read_table, sha256_file, write_json

if TYPE_CHECKING:
    # For types only: what reads films and tables takes long to import, and cards need neither.
    import pandas as pd

    from xray.films.decode import Pixels

LogOdds = NDArray[np.float64]

#: Name of the network's file inside a model's folder.
WEIGHTS = "model.keras"
SCALES = ("unit", "byte", "imagenet", "symmetric")
OUTPUTS = ("sigmoid", "softmax", "logit")
#: Models kept in memory together, in bytes of their weights; the least recently used goes.
MEMORY_LIMIT = 600 * 2**20


@dataclass(frozen=True)
class Card:
    """What is known about one model, as stored in its ``card.json``.

    ``size`` is (height, width) in pixels; ``threshold`` a probability of ``positive``;
    ``files`` maps each file of the model's folder to its SHA-256; ``problem`` says why the
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
    positive_index: int = 0
    positive: str = "PNEUMONIA"
    threshold: float = 0.5
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

    @property
    def sha256(self) -> str:
        """SHA-256 of the network's file; empty when there is none."""
        return self.files.get(WEIGHTS, "")

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
        """Log-odds of PNEUMONIA for prepared films."""


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
    if not (folder / WEIGHTS).is_file():
        problem = f"{WEIGHTS} of {folder.name} is missing; restore it or train the model again."
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
            f"run 'python -m xray evaluate {name}' or restore them from git."
        )
    return table


class Model:
    """A loaded network with its card; safe to call from several threads.

    Parameters
    ----------
    card : the model's card.
    network : a built Keras model that gives the card's ``output``.
    """

    def __init__(self, card: Card, network: Any) -> None:
        from xray.models import networks

        self.card = card
        self.exact = networks.strip_activation(network, card.output)
        self._network = network
        #: Name, folder and options that it was loaded by; None for one made in this process.
        self.origin: tuple[str, Path | None, dict[str, Any]] | None = None
        self._lock = threading.Lock()
        self._compiled: dict[str, networks.Compiled] = {}

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
        """The Keras network, its last activation removed where that was possible."""
        return self._network

    def prepare(self, films: Pixels) -> Pixels:
        """Resize films (N, H, W) of any size to (N, h, w), still grey in [0, 1]."""
        from xray.films.decode import resize

        return resize(films, self.card.size, self.card.fit)

    def log_odds_prepared(
        self, grey: Pixels, precision: str = "float32", batch: int | None = None
    ) -> LogOdds:
        """Log-odds of PNEUMONIA of films already at the model's size.

        Parameters
        ----------
        grey : (N, h, w) float32 in [0, 1]
        precision : "float32" or "bfloat16" (the arithmetic; weights stay float32)
        batch : films a call; chosen by the size of a film when None.

        Returns
        -------
        (N,) float64

        Raises
        ------
        ModelError
            The network gave something that is not a number.
        """
        from xray.models import networks

        with self._lock:
            if precision not in self._compiled:
                self._compiled[precision] = networks.compiled(self._network, self.card, precision)
            run = self._compiled[precision]
            # About 4 million input pixels a batch keeps activations within tens of megabytes.
            step = batch or max(8, min(256, 2**20 // int(np.prod(self.card.size))))
            parts = [run(grey[start : start + step]) for start in range(0, len(grey), step)]
        raw = np.concatenate(parts) if parts else np.empty((0, 1))
        return self._to_log_odds(raw.astype(np.float64))

    def log_odds(self, films: Pixels, precision: str = "float32") -> LogOdds:
        """Log-odds of PNEUMONIA of films (N, H, W) of any size, float32 in [0, 1]."""
        return self.log_odds_prepared(self.prepare(films), precision)

    def probability(self, films: Pixels) -> LogOdds:
        """Probability of PNEUMONIA of films (N, H, W)."""
        return probability(self.log_odds(films))

    def _to_log_odds(self, raw: LogOdds) -> LogOdds:
        raw = raw.reshape(len(raw), -1)
        if not np.isfinite(raw).all():
            raise ModelError(
                f"{self.card.name} gave outputs that are not numbers (NaN or infinite); "
                "check its weights and the --scale of its inputs."
            )
        if self.card.output == "softmax":
            index = self.card.positive_index
            if not self.exact:
                if raw.min() < -1e-6 or raw.max() > 1 + 1e-6:
                    raise ModelError(
                        f"{self.card.name} gave outputs outside [0, 1]; declare --output logit "
                        "or end the network in a sigmoid or softmax."
                    )
                raw = np.log(np.clip(raw, 1e-12, 1.0))
            rest = np.delete(raw, index, axis=1)
            top = rest.max(axis=1, keepdims=True)
            others = top[:, 0] + np.log(np.exp(rest - top).sum(axis=1))
            return np.asarray(raw[:, index] - others)
        odds = raw[:, 0]
        if self.card.output == "sigmoid" and not self.exact:
            if odds.min() < 0 or odds.max() > 1:
                raise ModelError(
                    f"{self.card.name} gave outputs outside [0, 1]; declare --output logit "
                    "or end the network in a sigmoid or softmax."
                )
            clipped = np.clip(odds, 1e-12, 1 - 1e-12)
            odds = np.log(clipped) - np.log1p(-clipped)
        # Said of a file by positive_index 0 (see _find).
        sign = -1.0 if self.card.settings.get("unit_means_normal") else 1.0
        return np.asarray(sign * odds)


def probability(log_odds: NDArray[np.floating[Any]]) -> LogOdds:
    """Probabilities of log-odds; see ``odds.to_probability``."""
    from xray.metrics.odds import to_probability

    return to_probability(log_odds)


_cache: OrderedDict[tuple[str, str], Model] = OrderedDict()
_cache_lock = threading.Lock()


def load(name: str, folder: Path | None = None, **options: Any) -> Model:
    """Load a registered model by name, or a ``.keras``/``.h5`` file by path.

    A registered model's file is checked against the SHA-256 on its card. Loaded models are
    kept until ``MEMORY_LIMIT`` bytes of weights are exceeded; the least recently used goes.

    Parameters
    ----------
    name : registered name, or path to a file.
    folder : folder of models; the artifacts' when None.
    **options : for a file: scale, output, positive_index, threshold, fit.

    Raises
    ------
    ModelError
        No such model, the file was changed, or Keras cannot load it safely.
    """
    from xray.models import networks

    card, path = _find(name, folder, options)
    key = (card.name, sha256_file(path))
    if card.sha256 and key[1] != card.sha256:
        raise ModelError(
            f"{path.name} of {card.name} does not match the hash on its card; "
            "restore it from git or train the model again."
        )
    with _cache_lock:
        if not options and key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
        network = networks.read(path, card.name)
        card = networks.complete(replace(card, files={**card.files, WEIGHTS: key[1]}), network)
        model = Model(card, network)
        # Absolute: a worker stands in another folder.
        home = (models_dir() if folder is None else folder).resolve()
        model.origin = (
            (str(path.resolve()), None, options) if path == Path(name) else (name, home, options)
        )
        networks.check(model)
        if not options:
            _cache[key] = model
            while len(_cache) > 1 and sum(each.bytes for each in _cache.values()) > MEMORY_LIMIT:
                _cache.popitem(last=False)
        return model


def _find(name: str, folder: Path | None, options: dict[str, Any]) -> tuple[Card, Path]:
    """Card and network file of a registered name or of a file."""
    path = Path(name)
    if path.suffix in {".keras", ".h5", ".hdf5"}:
        if not path.is_file():
            raise ModelError(f"There is no file {name}; give the path of a .keras or .h5 file.")
        # Of one unit, index 0 says that it gives the probability of NORMAL; -1 is not said.
        index = options.get("positive_index", -1)
        settings = {"unit_means_normal": True} if index == 0 else {}
        given = options | {"positive_index": index, "settings": settings}
        return Card(name=path.stem, title=path.stem, role="user", **given), path
    home = (models_dir() if folder is None else folder) / name
    if path.name != name or not (home / "card.json").is_file():
        known = ", ".join(card.name for card in cards(folder)) or "none yet"
        raise ModelError(f"There is no model named {name}; choose one of: {known}.")
    card = read_card(home)
    if card.problem:
        raise ModelError(card.problem)
    return card, home / WEIGHTS


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
