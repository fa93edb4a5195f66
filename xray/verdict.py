"""From evidence to a verdict, on the scale that the control models set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.errors import ArtifactError
from xray.files import artifacts_dir, read_json
from xray.scoring import INSERTION, LIME, Features

Verdict = Literal["reads_devices", "no_reliance_shown", "inconclusive"]
Floats = NDArray[np.float64]

#: Share of clean controls that the threshold may flag.
FALSE_ALARMS = 0.05
#: Films without devices that it takes to say that no reliance was shown.
ENOUGH_FILMS = 40
#: Clean controls that it takes to set a threshold.
LEAST_CONTROLS = 8


@dataclass(frozen=True)
class Score:
    """Reliance on devices, in standard deviations of the clean controls.

    ``score`` is the mean of ``insertion`` and ``lime``; ``low`` and ``high`` its 95 % bootstrap
    interval by film. All are NaN for a model that gives every film the same log-odds.
    """

    score: float
    low: float
    high: float
    insertion: float
    lime: float
    spread: float


@dataclass(frozen=True)
class Calibration:
    """What the controls say about the score.

    Attributes
    ----------
    centre, scale : dict
        Mean and standard deviation of each feature over the clean controls.
    insertion : (mean, standard deviation)
        Of the mean of the standardised insertions, over the clean controls.
    threshold : float
        Score above which a model counts as reliant.
    detectable : float
        Smallest reliance (in spreads of log-odds, by devices of a control's own style) at and
        above which at least 95 % of the controls were flagged; NaN when there is none.
    controls : int
        How many controls it rests on.
    """

    centre: dict[str, float]
    scale: dict[str, float]
    insertion: tuple[float, float]
    threshold: float
    detectable: float
    controls: int

    def parts(self, values: Floats, names: list[str]) -> tuple[Floats, Floats]:
        """Standardised insertion and LIME, (B,) each, of features (B, F); NaN where absent."""
        columns = {name: place for place, name in enumerate(names) if name in self.centre}
        z = {
            name: (values[:, place] - self.centre[name]) / self.scale[name]
            for name, place in columns.items()
        }
        absent = np.full(len(values), np.nan)
        drawn = [part for name, part in z.items() if name.startswith(INSERTION)]
        insertion = (np.mean(drawn, axis=0) - self.insertion[0]) / self.insertion[1]
        return (insertion if drawn else absent), z.get(LIME, absent)

    def score(self, features: Features) -> Score:
        """Score a model's features."""
        if features.values.empty:
            nan = float("nan")
            return Score(nan, nan, nan, nan, nan, features.spread)
        names = [str(name) for name in features.values.index]
        insertion, lime = self.parts(features.values.to_numpy()[None], names)
        many = np.nanmean(self.parts(features.draws, names), axis=0)
        once = float(np.nanmean([insertion[0], lime[0]]))
        low, high = np.quantile(many, [0.025, 0.975])
        return Score(
            once, float(low), float(high), float(insertion[0]), float(lime[0]), features.spread
        )

    def flags(self, score: Score) -> bool:
        """Whether intervention and LIME agree on more than clean controls show."""
        return bool(score.score > self.threshold and score.insertion > 0 and score.lime > 0)

    def to_json(self) -> dict[str, Any]:
        """Plain data; an unknown number as None."""
        value = asdict(self)
        value["detectable"] = self.detectable if np.isfinite(self.detectable) else None
        return value


def load() -> Calibration:
    """The calibration that belongs to the committed controls.

    Raises
    ------
    ArtifactError
        It is missing or damaged.
    """
    path = artifacts_dir() / "controls" / "calibration.json"
    value = read_json(path)
    try:
        value["insertion"] = tuple(value["insertion"])
        if value["detectable"] is None:
            value["detectable"] = float("nan")
        return Calibration(**value)
    except (KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path} is not a calibration; run 'python -m xray controls' or restore it."
        ) from error


def feature_names(panel: pd.DataFrame) -> list[str]:
    """Columns of a panel that are features: insertions of devices, and LIME."""
    from xray.draw import KINDS

    return [name for name in (*(f"{INSERTION}{k}" for k in KINDS), LIME) if name in panel]


def calibrate(panel: pd.DataFrame) -> Calibration:
    """Set scale and threshold by the clean controls, and see what the reliant ones show.

    The threshold is what one more clean model exceeds with a chance of ``FALSE_ALARMS``, as the
    larger of the empirical quantile and a normal prediction bound, mean + 1.645 s sqrt(1 + 1/n):
    twenty controls alone hardly show a one-in-twenty tail.

    Parameters
    ----------
    panel : truth ("reliant", "clean", "doubtful"), own, and the features; one row a control
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
    # A kind that moved no clean control by chance must not count for more than all others.
    sd = np.maximum(sd, 0.5 * np.median(sd))
    base = Calibration(
        dict(zip(names, centre.tolist(), strict=True)),
        dict(zip(names, sd.tolist(), strict=True)),
        (0.0, 1.0), 0.0, float("nan"), len(panel),
    )  # fmt: skip
    insertion, lime = base.parts(values, names)
    composite = (float(insertion.mean()), float(insertion.std(ddof=1)))
    scores = np.mean([(insertion - composite[0]) / composite[1], lime], axis=0)
    n = len(scores)
    normal = scores.mean() + 1.645 * scores.std(ddof=1) * np.sqrt(1 + 1 / n)
    threshold = float(max(np.quantile(scores, 1 - FALSE_ALARMS), normal))
    scale = Calibration(base.centre, base.scale, composite, threshold, float("nan"), len(panel))
    found = applied(panel[panel["truth"] == "reliant"].sort_values("own"), scale)
    flagged = found["flagged"].to_numpy()
    enough = [i for i in range(len(flagged)) if flagged[i:].mean() >= 0.95]
    detectable = float(found["own"].iloc[enough[0]]) if enough else float("nan")
    return Calibration(base.centre, base.scale, composite, threshold, detectable, len(panel))


def applied(panel: pd.DataFrame, scale: Calibration) -> pd.DataFrame:
    """A panel with score, its parts (``z_insertion``, ``z_lime``), threshold and flag."""
    names = feature_names(panel)
    insertion, lime = scale.parts(panel[names].to_numpy(float), names)
    score = np.mean([insertion, lime], axis=0)
    flagged = (score > scale.threshold) & (insertion > 0) & (lime > 0)
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
        f"Drawn-in devices move it {score.insertion:+.1f} standard deviations of clean controls "
        f"beyond shams, LIME weighs them {score.lime:+.1f}: score {score.score:.1f} "
        f"({score.low:.1f} to {score.high:.1f}), threshold {scale.threshold:.1f}."
    ]
    if scale.flags(score):
        return "reads_devices", [*reasons, "Intervention and LIME agree beyond clean controls."]
    if score.score > scale.threshold:
        return "inconclusive", [*reasons, "The intervention and LIME do not agree."]
    if score.high > scale.threshold:
        return "inconclusive", [*reasons, "The interval reaches beyond the threshold."]
    if films < ENOUGH_FILMS:
        return "inconclusive", [*reasons, f"{films} films are too few to rule reliance out."]
    if np.isfinite(scale.detectable):
        reasons.append(
            f"Reliance that moves films by {scale.detectable:.2f} spreads of log-odds or more "
            "would have been seen."
        )
    return "no_reliance_shown", reasons
