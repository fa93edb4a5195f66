"""From evidence to a verdict, on the scale that the control models set."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.audits.features import INSERTION, LETTERING, LIME, Features
from xray.errors import ArtifactError
from xray.files import artifact, read_json

Verdict = Literal["reads_devices", "no_reliance_shown", "inconclusive"]
Floats = NDArray[np.float64]

#: File of the calibration, beside the controls' tables.
FILE = "calibration.json"
#: Share of clean controls that the threshold may flag.
FALSE_ALARMS = 0.05
#: Films without devices that it takes to say that no reliance was shown.
ENOUGH_FILMS = 40
#: Clean controls that it takes to set a threshold.
LEAST_CONTROLS = 8


@dataclass(frozen=True)
class Score:
    """Reliance on devices, in standard deviations of the clean controls.

    Attributes
    ----------
    score : float
        How far drawn-in devices move the model, and weigh in its explanations, beyond what a
        clean control with the same answer to lettering shows; ``low`` and ``high`` its 95 %
        bootstrap interval by film.
    insertion : float
        The same without regard to lettering.
    lettering : float
        What burned-in lettering drawn in does, in spreads of log-odds.
    lime : float
        What drawn-in devices weigh in the model's explanations, in standard deviations of the
        clean controls.
    spread : float
        Of the model's log-odds (see ``features.spread``).
    strongest : str
        The kind of device that moves the model furthest beyond clean controls; "" unknown.
    others : float
        The score by all other kinds, on their own scale.

    All but ``spread`` and ``strongest`` are NaN for a model that gives every film the same
    log-odds.
    """

    score: float
    low: float
    high: float
    insertion: float
    lettering: float
    lime: float
    spread: float
    strongest: str = ""
    others: float = float("nan")


@dataclass(frozen=True)
class Calibration:
    """What the controls say about the score.

    Attributes
    ----------
    centre, scale : dict
        Mean and standard deviation of each feature over the clean controls. Those of "lime" are
        of the mean of the standardised weights of all kinds; those of "insertion" of the mean of
        the standardised insertions and that mean: explanations count as one more kind of device.
    slope : float
        How much that standardised mean of clean controls rises with their answer to
        lettering (in spreads of log-odds): some networks answer anything thin and bright.
    lettering : (lowest, highest)
        Answers to lettering that clean controls showed. A model beyond them is credited with no
        more than these, so that one that reads lettering cannot hide that it reads devices.
    residual : float
        Standard deviation of clean controls about that line.
    threshold : float
        Score above which a model counts as reliant.
    detectable : float
        Smallest reliance (in spreads of log-odds, by devices of a control's own style) at and
        above which at least 95 % of the controls were flagged; NaN when there is none.
    controls : int
        How many controls it rests on.
    without : dict
        The calibration by all other kinds of device, for each kind.
    """

    centre: dict[str, float]
    scale: dict[str, float]
    slope: float
    lettering: tuple[float, float]
    residual: float
    threshold: float
    detectable: float
    controls: int
    without: dict[str, Calibration] = field(default_factory=dict)

    def standardised(self, values: Floats, names: list[str]) -> tuple[Floats, Floats, Floats]:
        """Insertion, lettering and LIME, (B,) each, of features (B, F); NaN where absent.

        Insertion and LIME in standard deviations of clean controls, lettering as it is.
        """
        places = {name: place for place, name in enumerate(names)}
        absent = np.full(len(values), np.nan)

        def each(prefix: str) -> list[Floats]:
            return [
                (values[:, place] - self.centre[name]) / self.scale[name]
                for name, place in places.items()
                if name.startswith(prefix) and name in self.centre
            ]

        insertion, lime = absent, absent
        drawn = each(INSERTION)
        if weighed := each(LIME):
            mean = np.mean(weighed, axis=0)
            lime = (mean - self.centre["lime"]) / self.scale["lime"]
            drawn.append(mean)
        if drawn:
            mean = np.mean(drawn, axis=0)
            insertion = (mean - self.centre["insertion"]) / self.scale["insertion"]
        lettering = values[:, places[LETTERING]] if LETTERING in places else absent
        return insertion, lettering, lime

    def beyond(self, insertion: Floats, lettering: Floats) -> Floats:
        """The score: insertion beyond that of clean controls with the same answer to lettering.

        Analysis of covariance with lettering as the covariate. A film too small for lettering
        gives none; the clean controls' mean then stands for it.
        """
        known = np.where(np.isfinite(lettering), lettering, self.centre[LETTERING])
        credited = np.clip(known, *self.lettering) - self.centre[LETTERING]
        return np.asarray((insertion - self.slope * credited) / self.residual)

    def score(self, features: Features) -> Score:
        """Score a model's features."""
        nan = float("nan")
        if features.values.empty:
            return Score(nan, nan, nan, nan, nan, nan, features.spread)
        names = [str(name) for name in features.values.index]
        insertion, lettering, lime = self.standardised(features.values.to_numpy()[None], names)
        many = self.beyond(*self.standardised(features.draws, names)[:2])
        low, high = np.quantile(many, [0.025, 0.975])
        strongest = self.strongest(features.values)
        others = float("nan")
        if strongest in self.without:
            scale = self.without[strongest]
            rest = scale.standardised(features.values.to_numpy()[None], names)
            others = float(scale.beyond(rest[0], rest[1])[0])
        return Score(
            float(self.beyond(insertion, lettering)[0]), float(low), float(high),
            float(insertion[0]), float(lettering[0]), float(lime[0]), features.spread,
            strongest, others,
        )  # fmt: skip

    def strongest(self, values: pd.Series) -> str:
        """The kind of device that moves a model furthest beyond clean controls."""
        beyond = {
            str(name).removeprefix(INSERTION): (value - self.centre[name]) / self.scale[name]
            for name, value in values.items()
            if str(name).startswith(INSERTION) and name in self.centre
        }
        return max(beyond, key=beyond.__getitem__, default="")

    def rests_on_one(self, score: Score) -> bool:
        """Whether a score exceeds the threshold by its strongest kind of device alone."""
        return score.strongest in self.without and not (
            score.others > self.without[score.strongest].threshold
        )

    def flags(self, score: Score) -> bool:
        """Whether intervention and LIME agree on more than clean controls show."""
        return bool(score.score > self.threshold and score.lime > 0)

    def to_json(self) -> dict[str, Any]:
        """Plain data; an unknown number as None."""
        value = asdict(self)
        value["detectable"] = self.detectable if np.isfinite(self.detectable) else None
        value["without"] = {kind: rest.to_json() for kind, rest in self.without.items()}
        return value


def load() -> Calibration:
    """The calibration that belongs to the committed controls.

    Raises
    ------
    ArtifactError
        It is missing or damaged.
    """
    path = artifact("controls", FILE)
    try:
        return _read(read_json(path))
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{path} is not a calibration; run 'python -m xray controls' or restore it."
        ) from error


def _read(value: dict[str, Any]) -> Calibration:
    """A calibration of plain data."""
    known = dict(value)
    known["lettering"] = tuple(known["lettering"])
    if known["detectable"] is None:
        known["detectable"] = float("nan")
    known["without"] = {kind: _read(rest) for kind, rest in known.get("without", {}).items()}
    return Calibration(**known)


def feature_names(panel: pd.DataFrame) -> list[str]:
    """Columns of a panel that are features: insertions of devices, lettering, and LIME."""
    from xray.drawing.devices import KINDS

    drawn, weighed = ([f"{prefix}{kind}" for kind in KINDS] for prefix in (INSERTION, LIME))
    wanted = (*drawn, LETTERING, *weighed)
    return [name for name in wanted if name in panel]


def calibrate(panel: pd.DataFrame) -> Calibration:
    """Set scale and threshold by the clean controls, once by all and once without each kind.

    Parameters
    ----------
    panel : as :func:`_calibrate` takes it
    """
    drawn = [name for name in feature_names(panel) if name.startswith(INSERTION)]
    kinds = [name.removeprefix(INSERTION) for name in drawn]
    if len(kinds) < 2:
        return _calibrate(panel)
    without = {
        kind: _calibrate(panel.drop(columns=[INSERTION + kind, LIME + kind], errors="ignore"))
        for kind in kinds
    }
    return replace(_calibrate(panel), without=without)


def _calibrate(panel: pd.DataFrame) -> Calibration:
    """Set scale and threshold by the clean controls, and see what the reliant ones show.

    The threshold is what one more clean model, of an architecture that is not in the panel,
    exceeds with a chance of ``FALSE_ALARMS``: the larger of the empirical quantile and a normal
    bound, because twenty controls alone hardly show a one-in-twenty tail.

    Parameters
    ----------
    panel : truth ("reliant", "clean", "doubtful"), own, architecture, and the features; one row
        a control
    """
    names = feature_names(panel)
    clean = panel[panel["truth"] == "clean"]
    if len(clean) < LEAST_CONTROLS:
        raise ArtifactError(
            f"{len(clean)} clean controls are too few to set a threshold by; train more with "
            "'python -m xray controls'."
        )
    values = clean[names].to_numpy(float)
    centre, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
    for prefix in (INSERTION, LIME):
        group = np.array([name.startswith(prefix) for name in names])
        if group.any():
            # A kind that moved no clean control by chance must not count for more than all others.
            sd[group] = np.maximum(sd[group], 0.5 * np.median(sd[group]))
    raw = Calibration(
        dict(zip(names, centre.tolist(), strict=True)) | {"insertion": 0.0, "lime": 0.0},
        dict(zip(names, sd.tolist(), strict=True)) | {"insertion": 1.0, "lime": 1.0},
        0.0, (-np.inf, np.inf), 1.0, 0.0, float("nan"), len(panel),
    )  # fmt: skip
    insertion, lettering, lime = raw.standardised(values, names)
    means = {"insertion": float(insertion.mean()), "lime": float(lime.mean())}
    spreads = {"insertion": float(insertion.std(ddof=1)), "lime": float(lime.std(ddof=1))}
    scale = replace(raw, centre=raw.centre | means, scale=raw.scale | spreads)
    insertion, lettering, _ = scale.standardised(values, names)
    scale = _against_lettering(scale, insertion, lettering)
    scores = scale.beyond(insertion, lettering)
    bound = _bound(scores, clean["architecture"])
    threshold = float(max(np.quantile(scores, 1 - FALSE_ALARMS), bound))
    scale = replace(scale, threshold=threshold)
    found = applied(panel[panel["truth"] == "reliant"].sort_values("own"), scale)
    flagged = found["flagged"].to_numpy()
    enough = [i for i in range(len(flagged)) if flagged[i:].mean() >= 0.95]
    return replace(
        scale, detectable=float(found["own"].iloc[enough[0]]) if enough else float("nan")
    )


def _bound(scores: Floats, architectures: pd.Series) -> float:
    """Upper 95 % bound of the score of a clean model of a new architecture.

    Clean controls of one architecture are more alike than those of two, so that the spread of
    all of them together understates what a new architecture may show. One-way random effects by
    the analysis of variance (Searle, Casella and McCulloch 1992, chapter 3).
    """
    groups = pd.Series(scores).groupby(architectures.to_numpy())
    sizes, many, n = groups.size(), groups.ngroups, len(scores)
    within = float((groups.var(ddof=1).fillna(0) * (sizes - 1)).sum()) / max(n - many, 1)
    if many < 2:
        return float(scores.mean() + 1.645 * np.sqrt(within * (1 + 1 / n)))
    between = float((sizes * (groups.mean() - scores.mean()) ** 2).sum()) / (many - 1)
    typical = (n - float((sizes**2).sum()) / n) / (many - 1)
    variance = max(0.0, (between - within) / typical)
    spread = np.sqrt(variance * (1 + 1 / many) + within)
    return float(groups.mean().mean() + 1.645 * spread)


def _against_lettering(scale: Calibration, insertion: Floats, lettering: Floats) -> Calibration:
    """Fit how insertion rises with lettering over clean controls, by least squares.

    A slope below 0 is taken as 0: an answer to lettering never speaks for a reliance.
    """
    gap = lettering - lettering.mean()
    slope = max(0.0, float((gap * insertion).sum() / max(float((gap**2).sum()), 1e-12)))
    left = insertion - slope * gap
    residual = float(np.sqrt((left**2).sum() / max(len(left) - 2, 1)))
    spanned = (float(lettering.min()), float(lettering.max()))
    return replace(scale, slope=slope, lettering=spanned, residual=max(residual, 1e-6))


def applied(panel: pd.DataFrame, scale: Calibration) -> pd.DataFrame:
    """A panel with score, its parts (``z_insertion``, ``z_lime``), threshold and flag."""
    names = feature_names(panel)
    insertion, lettering, lime = scale.standardised(panel[names].to_numpy(float), names)
    score = scale.beyond(insertion, lettering)
    flagged = (score > scale.threshold) & (lime > 0)
    return panel.assign(
        score=score, z_insertion=insertion, z_lime=lime, threshold=scale.threshold, flagged=flagged
    )


def decide(score: Score, scale: Calibration, films: int) -> tuple[Verdict, list[str]]:
    """Give the verdict and the reasons, a sentence each."""
    if not np.isfinite(score.score):
        return "inconclusive", [
            "The model gives every film nearly the same log-odds, so nothing can move it."
        ]
    reasons = [
        "By what drawn-in devices do to it, and weigh in its explanations, it stands "
        f"{score.score:+.1f} standard deviations ({score.low:.1f} to {score.high:.1f}) beyond "
        "clean controls that answer lettering as it does; threshold "
        f"{scale.threshold:.1f}. LIME alone: {score.lime:+.1f} beyond clean controls."
    ]
    if score.low <= scale.threshold < score.high:
        return "inconclusive", [*reasons, "The interval reaches across the threshold."]
    if score.score > scale.threshold:
        found, reason = _above(score, scale)
        return found, [*reasons, reason]
    if films < ENOUGH_FILMS:
        return "inconclusive", [*reasons, f"{films} films are too few to rule reliance out."]
    if np.isfinite(scale.detectable):
        reasons.append(
            f"Reliance that moves films by {scale.detectable:.2f} spreads of log-odds or more "
            "would have been seen."
        )
    return "no_reliance_shown", reasons


def _above(score: Score, scale: Calibration) -> tuple[Verdict, str]:
    """Verdict and reason where the whole interval lies above the threshold."""
    if not scale.flags(score):
        return "inconclusive", "The intervention and LIME do not agree."
    if scale.rests_on_one(score):
        kind, rest = score.strongest.replace("_", " "), scale.without[score.strongest]
        return "inconclusive", (
            f"It rests on one kind of device, the {kind}: by all others the score is "
            f"{score.others:+.2f}, threshold {rest.threshold:.2f}. A model may take one drawing "
            "for something else, such as a pad for a consolidation."
        )
    return "reads_devices", "Intervention and LIME agree beyond clean controls."
