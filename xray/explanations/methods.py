"""Methods of explanation side by side: every one gives a map of the film, and what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.errors import FilmError, ModelError
from xray.explanations import gradients, lime, perturbation
from xray.explanations.occlusion import occlusion
from xray.explanations.perturbation import Fill
from xray.explanations.result import Heatmap, at_film_size, scaled
from xray.files import sha256_bytes
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models import layers
from xray.models.model import Predictor

#: A map at the model's size, films passed forward, and films passed back.
_Made = tuple[NDArray[Any], int, int]


@dataclass(frozen=True)
class Method:
    """One way to explain.

    Attributes
    ----------
    name, title : in code, for people
    about : what the map shows, in a sentence
    trust : what it may be trusted for, in a sentence
    drawn : whether chance has a part in it, so that seeds may be compared
    options : what it takes, name -> default
    run : (model, film at the model's size, seed, progress, options) -> the map and its cost; LIME's
        gives film-sized superpixels of its own
    """

    name: str
    title: str
    about: str
    trust: str
    drawn: bool
    options: Mapping[str, Any]
    run: Callable[..., _Made]


def explain(
    method: str,
    model: Predictor,
    film: Pixels,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    **options: Any,
) -> Heatmap:
    """Explain one film by one method.

    Parameters
    ----------
    method : one of ``METHODS``
    model : a loaded model; LIME, occlusion and SHAP take anything that predicts
    film : (H, W) float32 in [0, 1], at any size
    seed : of whatever is drawn; the same seed gives the same map
    progress : called with (evaluations done, to do) where the method takes many
    **options : those of the method (``METHODS[method].options``)

    Returns
    -------
    Heatmap

    Raises
    ------
    FilmError
        An unknown method or option, or a film that cannot be used.
    ModelError
        The model has not what the method needs (``why_not`` says so before).
    """
    if method not in METHODS:
        raise FilmError(f"There is no method {method}; choose one of {', '.join(METHODS)}.")
    chosen = METHODS[method]
    unknown = sorted(options.keys() - chosen.options.keys())
    if unknown:
        offered = ", ".join(chosen.options) or "none"
        raise FilmError(f"{chosen.title} takes no {', '.join(unknown)}; its options: {offered}.")
    if reason := why_not(method, model):
        raise ModelError(reason)
    settings = {**chosen.options, **options}
    grey = model.prepare(np.asarray(film, np.float32)[None])[0]
    if not np.isfinite(grey).all():
        raise FilmError("The film holds values that are not numbers; read it again.")
    began = time.perf_counter()
    values, evaluations, backward = chosen.run(model, grey, seed, progress, **settings)
    said = float(model.log_odds_prepared(grey[None])[0])
    params = {
        **settings,
        "seed": seed if chosen.drawn else 0,
        "model": model.card.name,
        "model_sha256": model.card.sha256,
        "film_sha256": sha256_bytes(grey.tobytes()),
        "size": list(grey.shape),
        "fit": model.card.fit,
    }
    return _heatmap(
        method, values, film.shape, said, evaluations, backward, time.perf_counter() - began, params
    )


def why_not(method: str, model: Predictor) -> str:
    """Why a method cannot be used of a model, in a sentence; empty where it can."""
    if method == "shap_partition" and find_spec("shap") is None:
        return "SHAP is not installed; add it with: pip install 'xray-model-audit[shap]'."
    if method in ("grad_cam", "integrated_gradients"):
        try:
            ready = gradients.needs_gradients(model)
            if method == "grad_cam":
                layers.features_of(ready)
        except ModelError as error:
            return str(error)
    return ""


def _heatmap(
    method: str,
    values: NDArray[Any],
    shape: tuple[int, ...],
    log_odds: float,
    evaluations: int,
    backward: int,
    seconds: float,
    params: dict[str, Any],
) -> Heatmap:
    at_size, peak = scaled(values)
    size = (int(shape[0]), int(shape[1]))
    shown = np.asarray(at_film_size(at_size, size, params.get("fit", "squash")), np.float32)
    return Heatmap(method, shown, at_size, peak, log_odds, evaluations, backward, seconds, params)


# --- the methods ---------------------------------------------------------------------------


def _lime(
    model: Predictor, grey: Pixels, seed: int, progress: Progress | None, **options: Any
) -> _Made:
    found = lime.explain(model, grey, seed=seed, progress=progress, **options)
    return found.weights[found.segments], found.n_evaluations, 0


def _grad_cam(
    model: Predictor, grey: Pixels, seed: int, progress: Progress | None, layer: str, relu: bool
) -> _Made:
    return gradients.grad_cam(model, grey, layer, relu)[0], 1, 1


def _integrated(
    model: Predictor, grey: Pixels, seed: int, progress: Progress | None, blank: Fill, steps: int
) -> _Made:
    empty = perturbation.filled(grey, np.zeros(grey.shape, int), blank)
    return gradients.integrated(model, grey, empty, steps), steps, steps


def _occlusion(
    model: Predictor, grey: Pixels, seed: int, progress: Progress | None, **options: Any
) -> _Made:
    values, evaluations = occlusion(model, grey, seed=seed, progress=progress, **options)
    return values, evaluations, 0


def _partition(
    model: Predictor, grey: Pixels, seed: int, progress: Progress | None, evaluations: int
) -> _Made:
    """SHAP's partition explainer (Lundberg and Lee 2017) on the film against its blurred self."""
    import shap

    height, width = grey.shape
    side = max(1, round(min(height, width) / 10))
    blurred = np.asarray(cv2.blur(grey, (side, side)), np.float32)
    asked = 0

    def said(films: NDArray[Any]) -> NDArray[np.float64]:
        nonlocal asked
        asked += len(films)
        if progress is not None:
            progress(min(asked, evaluations), evaluations)
        return model.log_odds_prepared(np.asarray(films, np.float32)[..., 0])

    masker = shap.maskers.Image(blurred[..., None], shape=(height, width, 1))
    explainer = shap.Explainer(said, masker, algorithm="partition", seed=seed)
    found = explainer(
        grey[None, ..., None], max_evals=evaluations, batch_size=perturbation.BATCH, silent=True
    )
    return np.asarray(found.values, np.float64).reshape(height, width), asked, 0


#: Name -> method, in the order in which they are shown.
METHODS = {
    each.name: each
    for each in (
        Method(
            "lime",
            "LIME",
            "Weight of each superpixel in a linear model of films with superpixels hidden.",
            "Which coarse parts of the film, put together, move the call; not for what is thinner "
            "than a superpixel.",
            True,
            {"n_superpixels": 45, "fill": "mean", "ceiling": 480},
            _lime,
        ),
        Method(
            "grad_cam",
            "Grad-CAM",
            "Maps of the last convolution, weighted by how the log-odds rise with them.",
            "Roughly where the last convolution finds what speaks for the call; not for outlines: "
            "its cells are as large as the network's last maps.",
            False,
            {"layer": "", "relu": False},
            _grad_cam,
        ),
        Method(
            "integrated_gradients",
            "Integrated gradients",
            "Each pixel's part in the step from a blank film's log-odds to this film's.",
            "Which pixels the sum of the log-odds is made of; not for reading at a glance: "
            "neighbours differ in sign, and the blank film is a choice.",
            False,
            {"blank": "black", "steps": gradients.STEPS},
            _integrated,
        ),
        Method(
            "occlusion",
            "Occlusion",
            "How the log-odds fall when a window over the pixel is hidden.",
            "What happens when one place is hidden and all else stays; not for parts that stand "
            "in for each other.",
            True,
            {"window": 0, "stride": 0, "fill": "mean"},
            _occlusion,
        ),
        Method(
            "shap_partition",
            "SHAP (partition)",
            "Shapley values of ever smaller rectangles of the film against its blurred self.",
            "Shares of the log-odds that add up exactly; not for small things, unless thousands of "
            "evaluations are paid.",
            False,
            {"evaluations": 500},
            _partition,
        ),
    )
}
