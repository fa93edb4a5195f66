"""The public API: models and films in, results out that show themselves in a notebook.

``import xray`` gives these names. Every function takes what :func:`load_model` and
:func:`read_films` take, too: a name, a path, an object, a folder.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import classes as names
from xray.dataset import index
from xray.dataset.left_out import beside
from xray.dataset.tables import asking
from xray.errors import ArtifactError, DatasetError, FilmError, ModelError, ModelWarning
from xray.explanations import lime
from xray.films import decode
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.metrics import odds, patients
from xray.models import at_hand, embeddings, evaluation, objects, registry
from xray.models.card import models_dir
from xray.models.model import Model
from xray.models.objects import ObjectModel
from xray.results import (
    AuditResult,
    EvaluationResult,
    ExplanationResult,
    FilmMap,
    Films,
    Report,
    Result,
)

__all__ = [
    "AuditResult",
    "EvaluationResult",
    "ExplanationResult",
    "FilmMap",
    "Films",
    "Report",
    "audit",
    "evaluate",
    "explain",
    "film_map",
    "load_model",
    "read_films",
    "report",
]

# TensorFlow's start-up chatter would bury what is printed; read once, when it loads.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

#: What stands for a model: loaded, its name or file, a Keras model, an object with ``predict``.
AnyModel: TypeAlias = Model | ObjectModel | objects.Predicts | str | Path
#: What stands for films: read, or the folder or table of them.
AnyFilms: TypeAlias = Films | str | Path


def load_model(
    source: AnyModel,
    *,
    name: str = "",
    scale: str | None = None,
    colour: str | None = None,
    output: str | None = None,
    output_name: str | None = None,
    positive_index: int | tuple[int, ...] | None = None,
    threshold: float | None = None,
    fit: str | None = None,
    size: tuple[int, int] | None = None,
) -> Model | ObjectModel:
    """Load a model, with the options of ``xray add``.

    Parameters
    ----------
    source : a registered name, the path of a model file, a Keras model, or any object whose
        ``predict`` takes films (N, h, w) float32 in [0, 1] and gives probabilities of the positive
        class (N,), or one a class (N, classes).
    name : of an object, for people.
    scale : what a file or a Keras model was fed, one of ``models.inputs.SCALES``; what the
        network says of itself when None, else "unit" (0 to 1).
    colour : "rgb" or "bgr", for scales that treat channels differently.
    output : one of ``models.outputs.OUTPUTS``; by the last activation when None.
    output_name : which output, of several.
    positive_index : which output is the positive class, or which ones together. Of one output,
        0 says that it is the negative one's.
    threshold : probability from which on a film is called positive; 0.5 when None.
    fit : how films are brought to the model's size, one of ``films.interpolate.RESIZES``.
    size : (height, width) of the films that an object takes, (224, 224) when None; or that a
        file learnt from which takes any.

    Raises
    ------
    ModelError
        There is no such model, it cannot be used, or an option does not fit it.
    """
    if isinstance(positive_index, int):
        positive_index = (positive_index,)
    choices = {
        "scale": scale,
        "colour": colour,
        "output": output,
        "output_name": output_name,
        "positive_index": positive_index,
        "threshold": threshold,
        "fit": fit,
        "size": size,
    }
    given: dict[str, Any] = {key: value for key, value in choices.items() if value is not None}
    if not isinstance(source, str | Path):
        if not isinstance(source, Model | ObjectModel):
            return objects.wrap(source, name, **given)
        if given:
            raise ModelError("The model is loaded already; give options when you load it.")
        return source
    if given and (models_dir() / source / "card.json").is_file():
        raise ModelError(
            f"{source} is registered, and its card says how it is read; leave out "
            f"{', '.join(given)}, or load its file."
        )
    return registry.load(str(source), **given)


def read_films(
    source: AnyFilms,
    split: str = "test",
    *,
    classes: Mapping[str, str] | None = None,
    columns: str | None = None,
    progress: Progress | None = None,
) -> Films:
    """Read what there is to know of films; films that were read before are not read again.

    Parameters
    ----------
    source : a folder with class folders (in split folders or not), or a table (CSV, Parquet)
        beside the films that it lists.
    split : "train", "val" or "test". Films without splits are taken whole.
    classes : name of a class folder, or value in the table -> name of its class, such as
        {"normal": "normal", "tb": "tuberculosis"}. The films' results speak of these names.
    columns : columns of the table, such as "path=File,label=Class,split=Part,patient=ID"; by
        default path, label and, where there are such, split and patient.
    progress : called with (films done, films to read).

    Raises
    ------
    DatasetError
        There are no such films.
    """
    if isinstance(source, Films):
        return source
    if not isinstance(source, str | Path):
        raise DatasetError("Give read_films a folder, a table of films, or what it returned.")
    path = Path(source)
    named = names.named(list(dict.fromkeys(classes.values())), classes) if classes else None
    question = asking.Question(asking.parse_columns(columns) if columns else {}, named)
    table = asking.ask(path.parent, path.name, question) if path.is_file() else None
    folder = path.parent if path.is_file() else path
    made = index.build_index(folder, progress, named, listing=table)
    names.use(made.classes)
    found = index.usable(made.table)
    part = beside(made, len(made.table) - len(found))
    held = sorted(set(found["split"]))
    if held in ([], [""]):
        split = ""
    elif split not in held:
        raise DatasetError(
            f"{path} holds no {split} films, but: {', '.join(filter(None, held))}; choose another "
            "split."
        )
    rows = found[found["split"] == split].reset_index(drop=True)
    return Films(folder, split, rows, made.warnings, part)


def evaluate(
    model: AnyModel,
    films: AnyFilms,
    *,
    threshold: float | None = None,
    positive: str = "",
    seed: int = 0,
    progress: Progress | None = None,
) -> EvaluationResult:
    """Predict films and score the predictions.

    Parameters
    ----------
    threshold : probability from which on a film is called positive; the model's own when None.
    positive : name of a class; the positive one when empty.
    seed : of the bootstrap.
    progress : called with (films predicted, films).

    Warns
    -----
    ModelWarning
        Films speak against the model's options.
    """
    # Films first: of a model of many outputs, the films' positive class may name the one to read.
    chosen = read_films(films)
    loaded = load_model(model)
    _warn(loaded, chosen)
    limit = loaded.card.threshold if threshold is None else threshold
    if not 0 < limit < 1:
        raise ModelError("threshold is a probability between 0 and 1; 0.5 is a common one.")
    rows = chosen.table[["file", "path", "label", "person"]].assign(split=chosen.split)
    # Who a film's name tells of is told by the name again: only a table's own word is handed on.
    told = [patients.person(name) for name in chosen.table["name"]]
    rows["person"] = rows["person"].where(rows["person"] != told, "")
    made, damaged = evaluation.predict(loaded, chosen.folder, rows, progress)
    known = names.fitting(made["label"].unique())
    positive = positive or known.positive
    if positive not in known.labels:
        raise DatasetError(f"positive is one of {', '.join(known.labels)}.")
    table = evaluation.score(made, float(odds.to_log_odds(limit)), positive, seed)
    return EvaluationResult(
        loaded.card.name,
        chosen.split,
        positive,
        limit,
        table.drop(columns=["split", "positive", "threshold"]),
        made,
        tuple(damaged),
        chosen.part,
    )


def audit(
    model: AnyModel,
    films: AnyFilms,
    *,
    seed: int = 0,
    precision: str = "auto",
    device_labels: str | Path | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Find out whether a model reads devices: what they change in its calls.

    Takes minutes: devices are laid over every film many times.

    Parameters
    ----------
    device_labels : file that says where devices are on the films, as the workbench exports it;
        those of the public set where None, and rendered devices where no film is labelled.
    seed : of the films that are chosen and of what is drawn into them.
    precision : "float32", "bfloat16", or "auto" for what is quicker here and gives the same.
    progress : called with (done, in all) of one stage of the work after the other.

    Warns
    -----
    ModelWarning
        Films speak against the model's options, so that the verdict may be of no worth.
    """
    from xray.audits import audit as audits
    from xray.audits import inputs

    # Films first: of a model of many outputs, the films' positive class may name the one to read.
    chosen = read_films(films)
    loaded = load_model(model)
    _warn(loaded, chosen)
    labels = None if device_labels is None else Path(device_labels)
    prepared = inputs.prepare(
        chosen.folder, seed, chosen.split, progress, chosen.table, labels, chosen.part
    )
    options = audits.Options(precision=precision)
    (found,) = audits.audit([loaded], prepared, options, lambda _: progress)
    return AuditResult(found.to_json())


def _warn(model: Model | ObjectModel, films: Films) -> None:
    """Warn where a stranger's model does not do what its options say."""
    found = at_hand.against(model, films.folder, films.table)
    if found is not None:
        other = [
            f"{name}={getattr(found.best, name)!r}"
            for name in ("scale", "colour", "positive_index")
            if getattr(found.best, name) != getattr(found.given, name)
        ]
        advice = f" Load it with {', '.join(other)}." if other else ""
        where = "" if found.real else " Tried on synthetic films only."
        warnings.warn(f"{found.problem}{advice}{where}", ModelWarning, stacklevel=3)


def explain(
    model: AnyModel,
    film: str | Path | NDArray[Any],
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> ExplanationResult:
    """Explain one film by LIME.

    Parameters
    ----------
    film : path of a picture or DICOM file, or (H, W) grey values in [0, 1], bright where the film
        is bright.
    progress : called with (evaluations done, evaluations planned so far).
    **settings : fields of ``xray.explanations.lime.Settings``, such as ``seed`` and
        ``n_superpixels``.

    Raises
    ------
    FilmError
        The film or a setting cannot be used.
    """
    loaded = load_model(model)
    pixels = _checked(film) if isinstance(film, np.ndarray) else decode.read(Path(film)).pixels
    wrong = sorted(settings.keys() - asdict(lime.Settings()).keys())
    if wrong:
        known = ", ".join(asdict(lime.Settings()))
        raise FilmError(f"There is no setting {', '.join(wrong)}; choose from: {known}.")
    found = lime.explain(loaded, pixels, progress=progress, **settings)
    return ExplanationResult(loaded.card.name, pixels, loaded.card.threshold, found)


def film_map(
    films: AnyFilms,
    model: AnyModel | None = None,
    *,
    layout: str = "pca",
    layer: str = "",
    seed: int = 0,
    progress: Progress | None = None,
) -> FilmMap:
    """Lay films out so that near points are films alike.

    Parameters
    ----------
    films : as ``evaluate`` takes them
    model : a Keras model, by whose last layer films are compared; by their pixels when None
    layout : "pca", or "tsne", which keeps neighbours together and takes longer
    layer : of the model, in place of the one before its last
    seed : of t-SNE, and of the sample that is drawn of more than 6,000 films
    progress : called with films done and to do

    Raises
    ------
    ModelError
        The model is no Keras network, or has no such layer.
    FilmError
        There is no such layout.
    """
    taken = films if isinstance(films, Films) else read_films(films)
    table = taken.table.iloc[embeddings.drawn(len(taken.table), seed=seed)]
    loaded = None if model is None else load_model(model)
    space = embeddings.embed(taken.folder, table, loaded, layer, progress)
    places = embeddings.layout(space, layout, seed)
    frame = pd.DataFrame({"file": space.files}).merge(table[["file", "split", "label"]], "left")
    return FilmMap(space, frame.assign(x=places[:, 0], y=places[:, 1]))


def _checked(film: NDArray[Any]) -> Pixels:
    """An array as a film; refused where it is none."""
    pixels = np.asarray(film, np.float32)
    if pixels.ndim != 2 or not pixels.size or not (pixels.min() >= 0 and pixels.max() <= 1):
        raise FilmError("A film is given as a path, or as (H, W) grey values from 0 to 1.")
    return pixels


def report(found: Sequence[Result] | Result, title: str = "X-ray model audit") -> Report:
    """Put results of ``audit``, ``evaluate`` and ``explain`` into one report."""
    if isinstance(found, Sequence) and not found:
        raise ArtifactError(
            "A report needs results; give what audit, evaluate or explain returned."
        )
    parts = [found] if hasattr(found, "section") else list(found)
    if not all(hasattr(each, "section") for each in parts):
        raise ArtifactError("A report is made of results of audit, evaluate and explain alone.")
    return Report(title, tuple(each.section() for each in parts))
