"""The training loop: phases, early stopping, and checkpoints that survive a kill."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray.errors import ArtifactError
from xray.files import read_json, replacing, write_json
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.training.architectures import augmentation_layers
from xray.training.recipes import Augmentation, Phase, Recipe

Labels = NDArray[np.bool_]
#: epoch -> training films of that epoch (N, h, w), for recipes that lay devices over them
Redraw = Callable[[int], Pixels]


@dataclass(frozen=True)
class Sample:
    """Films (N, h, w) float32 in [0, 1] with their labels (True is the positive class)."""

    films: Pixels
    labels: Labels


def class_weights(labels: Labels, how: str) -> dict[int, float]:
    """Loss weight of the negative (0) and the positive class (1).

    "balanced" is n / (2 n_class), as scikit-learn's; "none" is 1 and 1; "A:B" is read as is.
    """
    if how == "balanced":
        return {i: len(labels) / (2 * max(1, int((labels == bool(i)).sum()))) for i in (0, 1)}
    if ":" in how:
        negative, positive = how.split(":")
        return {0: float(negative), 1: float(positive)}
    return {0: 1.0, 1: 1.0}


def fit(
    network: Any,
    recipe: Recipe,
    train: Sample,
    val: Sample,
    *,
    seed: int = 0,
    folder: Path | None = None,
    redraw: Redraw | None = None,
    progress: Progress | None = None,
) -> dict[str, list[float]]:
    """Train a network in place by a recipe's phases and leave the best epoch's weights in it.

    The best epoch is the one of least validation loss. With a ``folder``, every epoch ends in a
    checkpoint there, and a run that was killed goes on after its last finished epoch.

    Parameters
    ----------
    progress : called with (batches done, batches at most) over all phases.

    Returns
    -------
    dict
        One list a measure (loss, accuracy, val_loss, val_accuracy, val_auroc, learning_rate,
        phase), one entry an epoch.
    """
    state = _State.resume(folder) if folder else _State()
    if folder and state.history:
        network.load_weights(folder / "best.weights.h5")
        state.best_weights = network.get_weights()
    steps = math.ceil(len(train.labels) / recipe.batch)
    total = steps * sum(phase.epochs for phase in recipe.phases)
    before = 0
    for number, phase in enumerate(recipe.phases):
        first = before
        before += phase.epochs
        if state.phase > number:
            continue
        trainer = _trainer(network, recipe, phase, seed)
        if state.epoch_in_phase and folder:
            # Unbuilt, an optimiser skips its stored moments.
            trainer.optimizer.build(trainer.trainable_variables)
            trainer.load_weights(folder / "state.weights.h5")
        while state.epoch_in_phase < phase.epochs and state.waited < phase.patience:
            epoch = first + state.epoch_in_phase
            _reseed(trainer, (seed + 1) * 10_007 + epoch)
            films = redraw(epoch) if redraw else train.films
            rate = _cosine(phase, state.epoch_in_phase)
            trainer.optimizer.learning_rate = rate
            told = [_reporter(progress, epoch * steps, total)] if progress else []
            measures = _epoch(trainer, recipe, Sample(films, train.labels), val, told)
            better = state.note(measures | {"learning_rate": rate, "phase": number})
            if better:
                state.best_weights = network.get_weights()
            if folder:
                state.keep(folder, trainer, network if better else None)
        state.next_phase()
        network.set_weights(state.best_weights)
    if progress:
        progress(total, total)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    return state.history


def _epoch(
    trainer: Any, recipe: Recipe, train: Sample, val: Sample, callbacks: list[Any]
) -> dict[str, float]:
    """Train for one epoch; loss and metrics of both parts."""
    result = trainer.fit(
        train.films[..., None],
        train.labels.astype(np.float32),
        validation_data=(val.films[..., None], val.labels.astype(np.float32)),
        batch_size=recipe.batch,
        class_weight=class_weights(train.labels, recipe.class_weight),
        verbose=0,
        callbacks=callbacks,
    ).history
    return {key: float(values[-1]) for key, values in result.items()}


def _cosine(phase: Phase, epoch: int) -> float:
    """Learning rate along a half cosine from the phase's rate to a twentieth of it."""
    along = epoch / max(1, phase.epochs - 1) if phase.epochs > 1 else 0.0
    return phase.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * along)))


def _trainer(network: Any, recipe: Recipe, phase: Phase, seed: int) -> Any:
    """The network behind its augmentation, compiled for one phase."""
    import keras

    for layer in network.layers:
        for inner in getattr(layer, "layers", []):
            wanted = phase.unfrozen is None or inner.name.startswith(phase.unfrozen)
            inner.trainable = wanted
    entry = keras.Input((*recipe.size, 1))
    x = entry
    change = recipe.augmentation if phase.augmented else Augmentation()
    for layer in augmentation_layers(change, seed):
        x = layer(x)
    trainer = keras.Model(entry, network(x))
    trainer.compile(
        keras.optimizers.AdamW(phase.learning_rate, weight_decay=recipe.weight_decay),
        keras.losses.BinaryCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.AUC(name="auroc")],
    )
    return trainer


def _reseed(trainer: Any, seed: int) -> None:
    """Seed an epoch, so that a resumed run shuffles, drops and augments as the unbroken one.

    Keras does not store the state of layers' random generators with their weights.
    """
    import keras

    keras.utils.set_random_seed(seed)

    def apply(layer: Any, place: int) -> int:
        for inner in getattr(layer, "layers", []):
            place = apply(inner, place + 1)
        generator = getattr(layer, "seed_generator", None) or getattr(layer, "generator", None)
        if generator is not None:
            generator.state.assign([seed, place])
        return place

    apply(trainer, 0)


def _reporter(progress: Progress, done: int, total: int) -> Any:
    """Keras callback that reports batches."""
    import keras

    class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            progress(done + batch + 1, total)

    return Reporter()


class _State:
    """Where a run stands; written after every epoch."""

    def __init__(self) -> None:
        self.phase = 0
        self.epoch_in_phase = 0
        self.waited = 0
        self.best = math.inf
        self.history: dict[str, list[float]] = {}
        self.best_weights: list[Any] | None = None

    @classmethod
    def resume(cls, folder: Path) -> _State:
        """State of a killed run in ``folder``, or a fresh one."""
        state = cls()
        try:
            stored = read_json(folder / "state.json")
        except ArtifactError:
            return state
        state.__dict__.update(stored)
        return state

    def note(self, measures: dict[str, float]) -> bool:
        """Add an epoch; True when it is the best so far."""
        for key, value in measures.items():
            self.history.setdefault(key, []).append(round(value, 6))
        self.epoch_in_phase += 1
        better = measures["val_loss"] < self.best
        self.waited = 0 if better else self.waited + 1
        self.best = min(self.best, measures["val_loss"])
        return better

    def next_phase(self) -> None:
        """Go on with the next phase."""
        self.phase, self.epoch_in_phase, self.waited = self.phase + 1, 0, 0

    def keep(self, folder: Path, trainer: Any, network: Any | None) -> None:
        """Write the checkpoint; the state last, so that it never names weights not there."""
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / "state.weights.h5") as beside:
            trainer.save_weights(beside)
        if network is not None:
            with replacing(folder / "best.weights.h5") as beside:
                network.save_weights(beside)
        stored = {key: value for key, value in self.__dict__.items() if key != "best_weights"}
        write_json(folder / "state.json", stored)


def fit_head(network: Any, train: Sample, val: Sample, seed: int = 0) -> None:
    """Set the last dense layer by logistic regression on frozen features.

    The regularisation is the one of least validation loss among seven; one pass over the films
    stands for the many epochs that gradient descent on the head would take.
    """
    import keras
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.preprocessing import StandardScaler

    body = keras.Model(network.input, network.layers[-1].input)
    known, unseen = (
        np.concatenate(
            [
                keras.ops.convert_to_numpy(body.predict_on_batch(part.films[i : i + 64, ..., None]))
                for i in range(0, len(part.films), 64)
            ]
        ).astype(np.float64)
        for part in (train, val)
    )
    scaler = StandardScaler().fit(known)
    scale = np.where(scaler.scale_ > 0, scaler.scale_, 1.0)
    best: tuple[float, Any] | None = None
    for strength in 10.0 ** np.arange(-5, 2):
        model = LogisticRegression(
            C=strength, class_weight="balanced", max_iter=300, random_state=seed
        ).fit(scaler.transform(known), train.labels)
        loss = log_loss(val.labels, model.predict_proba(scaler.transform(unseen))[:, 1])
        if best is None or loss < best[0]:
            best = (loss, model)
    assert best is not None
    weights = best[1].coef_[0] / scale
    bias = best[1].intercept_[0] - float(weights @ scaler.mean_)
    network.layers[-1].set_weights([weights[:, None], np.array([bias])])
