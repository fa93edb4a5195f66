"""Films and results of the public API; each shows itself in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from xray import classes
from xray.dataset import index
from xray.errors import FilmError
from xray.explanations.result import Explanation
from xray.files import replacing, write_json, write_text
from xray.films.pixels import Pixels
from xray.metrics import odds, scores
from xray.models import evaluation
from xray.models.embeddings import Space
from xray.reports import sections

if TYPE_CHECKING:
    import plotly.graph_objects as go


class Result(Protocol):
    """What a report takes: the result of ``audit``, ``evaluate`` or ``explain``."""

    def section(self) -> sections.Section:
        """How it is shown."""


@dataclass(frozen=True, eq=False)
class Films:
    """Films to judge models on. Their pixels are read when they are needed.

    Attributes
    ----------
    folder : Path
    split : str
        "train", "val", "test", or "" for films that are in no split.
    table : DataFrame
        One row a film that can be read: file, path, split, label, person and what is known of
        it (see ``xray.dataset.index``).
    warnings : tuple of str
        What was left out, and what is odd, a sentence each.
    part : str
        What stands beside figures over these films: how much is left out, and why; "" where
        nothing is.
    """

    folder: Path
    split: str
    table: pd.DataFrame
    warnings: tuple[str, ...] = ()
    part: str = ""

    def __len__(self) -> int:
        """Films."""
        return len(self.table)

    def pixels(self, size: tuple[int, int] = (224, 224)) -> Pixels:
        """All films (N, height, width) float32 in [0, 1], at one size."""
        return index.load_pixels(self.folder, self.table, size)

    def __str__(self) -> str:
        counts = self.table["label"].value_counts().sort_index()
        of_class = ", ".join(f"{count:,} {label}" for label, count in counts.items())
        kind = f"{self.split} films" if self.split else "films"
        return " ".join([f"{len(self):,} {kind}: {of_class}.", *self.warnings])

    def _repr_html_(self) -> str:
        section = sections.Section(sections.HEADINGS[1], "Films", lines=[str(self)])
        return sections.notebook(section)


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """How well a model tells the classes apart, with 95 % intervals.

    Attributes
    ----------
    model : str
    split : str
    positive : str
        The class that "precision", "recall" and so on speak of.
    threshold : float
        Probability of the positive class from which on it is called.
    metrics : DataFrame
        metric, value, low, high, method, n (see ``scores.scores``).
    predictions : DataFrame
        file, split, label, log_odds, probability.
    left_out : tuple of str
        Why films could not be read, a sentence each.
    part : str
        As of its ``Films``.
    """

    model: str
    split: str
    positive: str
    threshold: float
    metrics: pd.DataFrame
    predictions: pd.DataFrame
    left_out: tuple[str, ...] = ()
    part: str = ""

    @property
    def about(self) -> str:
        """Films, positive class and threshold, in a sentence."""
        limit = scores.show_threshold(float(odds.to_log_odds(self.threshold)))
        kind = f"{self.split} films" if self.split else "films"
        called = classes.fitting(self.predictions["label"].unique()).positive
        return (
            f"{len(self.predictions):,} {kind}, {self.positive} positive, called {called} from "
            f"a probability of {limit} on. {self.part}"
        ).rstrip()

    def to_json(self) -> dict[str, Any]:
        """Plain data, as ``xray evaluate --json`` writes it of one model; unknown is None."""
        table = self.metrics.assign(
            split=self.split, positive=self.positive, threshold=self.threshold
        )
        return evaluation.record(self.model, table, self.part)[0]

    def save(self, path: str | Path) -> None:
        """Write ``[to_json()]`` to a file."""
        write_json(Path(path), [self.to_json()])

    @property
    def frame(self) -> pd.DataFrame:
        """The metrics, one row each."""
        return self.metrics

    def figure(self) -> go.Figure:
        """The metrics with their intervals as a plotly figure."""
        from xray.figures.scores import scoreboard

        figure = scoreboard({self.model: self.metrics}, {self.model: self.model}, self.positive)
        return titled(figure)

    def section(self) -> sections.Section:
        """How a report shows it."""
        return sections.evaluation(self.model, self.about, self.metrics, self.left_out)

    def __str__(self) -> str:
        table = sections.score_table(self.metrics).to_string(index=False)
        return f"{self.model}: {self.about}\n{table}"

    def _repr_html_(self) -> str:
        return sections.notebook(self.section())


@dataclass(frozen=True, eq=False)
class AuditResult:
    """Whether a model reads devices, and what was measured.

    Attributes
    ----------
    data : dict
        All that was found, as ``xray audit --json`` writes it of one model.
    """

    data: dict[str, Any]

    @property
    def model(self) -> str:
        """Name of the model."""
        return str(self.data["model"])

    @property
    def verdict(self) -> str:
        """The verdict, such as "reads_devices" or "inconclusive"."""
        return str(self.data["verdict"])

    @property
    def reasons(self) -> list[str]:
        """Why, a sentence each."""
        return [str(reason) for reason in self.data["reasons"]]

    @property
    def effects(self) -> pd.DataFrame:
        """What every test did to the model: one row a test, kind of device and class."""
        return pd.DataFrame(self.data["effects"])

    @property
    def frame(self) -> pd.DataFrame:
        """What every test did to the model; the same as ``effects``."""
        return self.effects

    def figure(self) -> go.Figure:
        """What each kind of device does to the model's calls as a plotly figure."""
        from xray.figures.audits import calls

        return titled(calls(self.data, self.model))

    def to_json(self) -> dict[str, Any]:
        """Plain data; unknown numbers are None."""
        return self.data

    def save(self, path: str | Path) -> None:
        """Write ``[to_json()]`` to a file, as ``xray audit --json`` does."""
        write_json(Path(path), [self.data])

    def section(self) -> sections.Section:
        """How a report shows it."""
        return sections.audit(self.data)

    def __str__(self) -> str:
        reasons = "\n".join(f"  {reason}" for reason in self.reasons)
        return f"{self.model}: {self.verdict.replace('_', ' ')}\n{reasons}"

    def _repr_html_(self) -> str:
        return sections.notebook(self.section())


@dataclass(frozen=True, eq=False)
class ExplanationResult:
    """Why a model calls one film what it does, by LIME.

    Attributes
    ----------
    model : str
    film : (H, W) float32 in [0, 1]
    threshold : float
        Probability of the positive class from which on it is called.
    explanation : Explanation
        Superpixels, weights and how far to trust them.
    """

    model: str
    film: Pixels
    threshold: float
    explanation: Explanation

    @property
    def probability(self) -> float:
        """Probability of the positive class."""
        return self.explanation.probability

    @property
    def call(self) -> str:
        """What the model calls the film."""
        called = self.probability >= self.threshold
        return classes.positive() if called else classes.negative()

    @property
    def stable(self) -> bool:
        """Whether a repeat would show much the same."""
        return self.explanation.stable

    @property
    def weights(self) -> pd.DataFrame:
        """Weights of the superpixels with 95 % intervals, leading first."""
        return self.explanation.table()

    @property
    def about(self) -> str:
        """The call, in a sentence."""
        return (
            f"{self.model} calls it {self.call}: probability of {classes.positive()} "
            f"{self.probability:.3f}, "
            f"threshold {self.threshold:.3f}."
        )

    @property
    def frame(self) -> pd.DataFrame:
        """Weights of the superpixels; the same as ``weights``."""
        return self.weights

    @cached_property
    def overlay(self) -> NDArray[np.uint8]:
        """The film (H, W, 3) uint8 with its weights: orange toward the positive, blue away."""
        from xray.figures.overlay import overlay

        return overlay(self.explanation, self.film)

    def figure(self) -> go.Figure:
        """The film with its weights as a plotly figure."""
        from xray.figures import explanations

        says = self.about.removesuffix(".")
        return explanations.film(self.explanation, sections.shrunk(self.film), says)

    def save(self, path: str | Path) -> None:
        """Write the film with its weights as a picture (PNG)."""
        if Path(path).suffix.lower() != ".png":
            raise FilmError("The picture is written as PNG; let the name end in .png.")
        with replacing(Path(path)) as beside:
            Image.fromarray(self.overlay).save(beside)

    def section(self) -> sections.Section:
        """How a report shows it; the name of the film is no part of it."""
        return sections.explanation(self.model, self.about, self.explanation, self.film)

    def __str__(self) -> str:
        trust = "" if self.stable else f" Not to be read: {self.explanation.why_unstable}"
        return f"{self.about}{trust}\n{self.weights.head(5).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return sections.notebook(self.section())


@dataclass(frozen=True, eq=False)
class FilmMap:
    """Films on a plane: near points are films that a model, or their pixels, make alike.

    Attributes
    ----------
    space : Space
        The films as points of many dimensions.
    frame : DataFrame
        One row a film on the map: file, split, label, x, y in [0, 1].
    """

    space: Space
    frame: pd.DataFrame

    def figure(self, colour: str = "label") -> go.Figure:
        """The map as a plotly figure, coloured by a column of ``frame``."""
        from xray.figures import film_map, palette

        groups = self.frame[colour].astype(str).to_numpy(str)
        names = sorted(set(groups))
        colours = {name: palette.class_colour(name) for name in names}
        if colour != "label":
            shades = (palette.GROUPS * len(names))[: len(names)]
            colours = dict(zip(names, shades, strict=True))
        figure, _ = film_map.films(
            self.frame[["x", "y"]].to_numpy(np.float32),
            groups,
            colours,
            self.frame["file"].to_numpy(str),
            np.zeros(len(groups), bool),
            str(self),
        )
        return titled(figure)

    def nearest(self, file: str, count: int = 8) -> pd.DataFrame:
        """The films most like one of them: file and distance, nearest first.

        Raises
        ------
        FilmError
            No such film is on the map.
        """
        at = self.space.row(file)
        if at is None:
            raise FilmError(f"{file} is not on this map; choose from its frame's column file.")
        rows, far = self.space.nearest(self.space.vectors[at], count, file)
        return pd.DataFrame({"file": self.space.files[rows], "distance": far})

    def __str__(self) -> str:
        return f"{len(self.frame):,} films, alike by {self.space.name}"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """As a notebook shows the figure."""
        return self.figure()._repr_mimebundle_(**options)


def titled(figure: go.Figure) -> go.Figure:
    """The same figure with its sentence inside it, since no page writes it beside."""
    says = str((figure.layout.meta or {}).get("title", ""))
    return figure.update_layout(title={"text": says, "font": {"size": 14}}, margin={"t": 48})


@dataclass(frozen=True, eq=False)
class Report:
    """Results in one HTML file that opens offline and prints.

    Attributes
    ----------
    title : str
    sections : tuple
        One a result.
    """

    title: str
    sections: tuple[sections.Section, ...]

    @cached_property
    def html(self) -> str:
        """The whole file."""
        return sections.build(self.sections, self.title)

    def save(self, path: str | Path) -> None:
        """Write the file."""
        write_text(Path(path), self.html)

    def __str__(self) -> str:
        return f"{self.title}: {len(self.sections)} results; .save('report.html') writes them."

    def _repr_html_(self) -> str:
        return "".join(sections.notebook(section) for section in self.sections)
