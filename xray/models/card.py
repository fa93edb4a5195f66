"""What is known about models, as their cards tell it, without loading any network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xray import classes
from xray.environment import artifacts_dir
from xray.errors import ArtifactError, ModelError, XrayError
from xray.files import hash_json, read_json, read_table, sha256_file, write_json

if TYPE_CHECKING:
    # For types only: tables take long to import, and cards need none.
    import pandas as pd

#: Name of the network's file inside a model's folder.
WEIGHTS = "model.keras"
#: The same of networks of another format; a SavedModel is a folder.
STORED = {"onnx": "model.onnx", "tflite": "model.tflite", "saved_model": "saved_model"}
#: Where a threshold comes from: ``Card.threshold_from`` of added models.
GIVEN, NOBODY = "given by its owner", "0.5, chosen by nobody"
#: What a card says of how its network is asked, how its outputs are read, and when it calls.
OPTIONS = (
    *("size", "channels", "scale", "colour", "fit"),
    *("output", "output_name", "positive_index", "threshold"),
)


@dataclass(frozen=True)
class Card:
    """What is known about one model, as stored in its ``card.json``.

    ``size`` is (height, width) in pixels; ``scale`` and ``colour`` say what the network takes
    (see ``inputs``), ``inside`` what it scales by itself; ``fit`` how a film is brought to the
    size (see ``xray.films``); ``output`` and ``positive_index`` how its outputs are read (see
    ``outputs``), of several outputs the one that ``output_name`` names; ``positive`` and
    ``negative`` are the names of its two classes; ``threshold`` is a probability of ``positive``
    and ``threshold_from`` says where it comes from; ``left_out`` says of each split that it was
    judged on what was left out of those films; ``files`` maps each file of the model's folder
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
    left_out: dict[str, str] = field(default_factory=dict)
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
    def as_read(self) -> str:
        """SHA-256 of the network's file and the options that it is read by."""
        return hash_json([self.sha256, *(getattr(self, name) for name in OPTIONS)])

    @property
    def labels(self) -> tuple[str, str]:
        """Names of its classes, the negative one first."""
        return self.negative, self.positive

    def part(self, split: str = "test") -> str:
        """What stands beside its figures of a split; "" where no film was left out of it."""
        said = self.left_out.get(split, "")
        return f"{self.title or self.name} was judged on a part. {said}" if said else ""

    @property
    def threshold_log_odds(self) -> float:
        """The operating threshold as log-odds."""
        return float(np.log(self.threshold) - np.log1p(-self.threshold))


def of_options(name: str, **options: Any) -> Card:
    """Card of a model that is not stored, by the options that were given.

    Raises
    ------
    ModelError
        An option has a value that there is not.
    """
    from xray.films import interpolate
    from xray.models import inputs, outputs

    for option, known, others in (
        ("scale", inputs.SCALES, inputs.ALIASES),
        ("colour", inputs.COLOURS, {}),
        ("output", outputs.OUTPUTS, {}),
        ("fit", interpolate.RESIZES, interpolate.ALIASES),
    ):
        if option in options:
            value = options[option] = others.get(options[option], options[option])
            if value not in known:
                raise ModelError(f"{option} is one of {', '.join(known)}, not {value!r}.")
    if isinstance(size := options.get("size"), int):
        options["size"] = (size, size)
    threshold = options.get("threshold", 0.5)
    if not isinstance(threshold, int | float) or not 0 < threshold < 1:
        raise ModelError("threshold is a probability between 0 and 1; 0.5 is a common one.")
    chosen = GIVEN if "threshold" in options else ""
    return Card(name=name, title=name, threshold_from=chosen, **options)


def classes_of(card: Card, labels: Iterable[str]) -> classes.Classes:
    """Classes of films of these labels: the card's where they are its, as its log-odds are.

    Names alone do not say which class is positive.
    """
    known = set(map(str, labels)) - {""}
    if known <= set(card.labels):
        return classes.Classes(*card.labels)
    return classes.fitting(known)


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


def read_cards(folder: Path | None = None, roles: tuple[str, ...] | None = None) -> list[Card]:
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


def titles_by_name(cards: Sequence[Card]) -> dict[str, str]:
    """Name -> title; a title that two models have is told apart by their names."""
    return {name: title for title, name in titles_of(cards).items()}


def read_predictions(name: str, folder: Path | None = None) -> pd.DataFrame:
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
