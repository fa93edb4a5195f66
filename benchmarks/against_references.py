"""Do explanations equal those of the libraries that others take them from, with the same options?

``python -m benchmarks.against_references --packages DIR [--model NAME] [--films N] [--json FILE]``:
``DIR`` is where captum, torch and tf-keras-vis lie, a throwaway folder beside the environment, as
they are large and nothing else here needs them:
``pip install --target DIR --no-deps captum torch tf-keras-vis`` and what they ask for. Synthetic
films are explained here, on TensorFlow; by captum on the same network of Keras on torch; and by
tf-keras-vis. Each pair of maps is given as Pearson's correlation. LIME's linear model is the lime
package's own, and SHAP's partition is shap's, so that there is nothing to hold them against.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._common import parser, report
from xray.explanations import gradients
from xray.explanations.occlusion import occlusion
from xray.models import layers, registry
from xray.models.model import Model

#: Points of the path; window and stride of occlusion, as shares of a film's side.
STEPS, WINDOW, STRIDE = 50, 1 / 8, 1 / 16
Maps = dict[str, NDArray[np.float64]]


def ours(model: Model, films: NDArray[np.float32]) -> Maps:
    """Maps (N, h, w) of this library."""
    window, stride = sizes(films)
    blank = np.zeros_like(films[0])
    return {
        "integrated gradients": np.stack(
            [gradients.integrated(model, film, blank, STEPS) for film in films]
        ),
        "Grad-CAM": np.stack([gradients.grad_cam(model, film)[0] for film in films]),
        "Grad-CAM, ReLU": np.stack(
            [gradients.grad_cam(model, film, relu=True)[0] for film in films]
        ),
        "occlusion": np.stack(
            [occlusion(model, film, window, stride, fill="black")[0] for film in films]
        ),
    }


def sizes(films: NDArray[np.float32]) -> tuple[int, int]:
    """Window and stride of occlusion in pixels."""
    side = films.shape[1]
    return round(WINDOW * side), round(STRIDE * side)


def by_captum(model: Model, films: NDArray[np.float32]) -> Maps:
    """The same by captum; on Keras' torch backend."""
    import keras
    import torch
    from captum.attr import IntegratedGradients, LayerGradCam, Occlusion

    target = layers.features_of(model).layer
    body = keras.Model(model.network.inputs, target.output)
    head = keras.Model(target.output, model.network.outputs)

    class Body(torch.nn.Module):  # type: ignore[misc]
        """Films (N, 1, h, w) to features (N, C, h, w), as captum takes them."""

        def forward(self, x: Any) -> Any:
            return body(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    class Whole(torch.nn.Module):  # type: ignore[misc]
        """Films to log-odds (N,)."""

        def __init__(self) -> None:
            super().__init__()
            self.body = Body()

        def forward(self, x: Any) -> Any:
            return head(self.body(x).permute(0, 2, 3, 1))[:, 0]

    whole = Whole()
    window, stride = sizes(films)
    found: dict[str, list[NDArray[np.float64]]] = {}
    for film in films:
        x = torch.tensor(film[None, None])
        made = {
            "integrated gradients": IntegratedGradients(whole).attribute(
                x, baselines=0, n_steps=STEPS, method="gausslegendre", internal_batch_size=16
            ),
            "Grad-CAM": LayerGradCam(whole, whole.body).attribute(x),
            "Grad-CAM, ReLU": LayerGradCam(whole, whole.body).attribute(x, relu_attributions=True),
            "occlusion": Occlusion(whole).attribute(
                x,
                sliding_window_shapes=(1, window, window),
                strides=(1, stride, stride),
                baselines=0,
                perturbations_per_eval=16,
            ),
        }
        for name, values in made.items():
            flat = values.detach().numpy().astype(np.float64)[0, 0]
            found.setdefault(name, []).append(_enlarged(flat, film.shape))
    return {name: np.stack(each) for name, each in found.items()}


def by_tf_keras_vis(model: Model, films: NDArray[np.float32]) -> Maps:
    """Grad-CAM by tf-keras-vis, as large as it gives it."""
    import keras
    from tf_keras_vis.gradcam import Gradcam

    target = layers.features_of(model).layer
    network = keras.Model(model.network.inputs, model.network.outputs)
    cam = Gradcam(network, clone=False)
    made = [
        np.asarray(
            cam(
                lambda said: said[:, 0],
                film[None, ..., None],
                penultimate_layer=target.name,
                seek_penultimate_conv_layer=False,
                normalize_cam=False,
                expand_cam=False,
            )
        )[0]
        for film in films
    ]
    maps = [_enlarged(each.astype(np.float64), films.shape[1:]) for each in made]
    return {"Grad-CAM, ReLU": np.stack(maps)}


def _enlarged(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A map at a film's size, bilinear, as this library draws it; a full-sized one stays."""
    if values.shape == shape:
        return values
    return gradients.placed(values, ((0.0, 1.0), (0.0, 1.0)), shape)


#: Reference -> backend of Keras, what computes it, and its packages.
REFERENCES: dict[str, tuple[str, Callable[[Model, NDArray[np.float32]], Maps], tuple[str, ...]]] = {
    "captum": ("torch", by_captum, ("captum", "torch", "keras")),
    "tf-keras-vis": ("tensorflow", by_tf_keras_vis, ("tf-keras-vis", "tensorflow-cpu", "keras")),
}


def child(name: str, model: str, work: Path) -> None:
    """In a process of its own: compute a reference's maps of stored films."""
    with np.load(work / "films.npz") as kept:
        maps = REFERENCES[name][1](registry.load(model), kept["films"])
    named: dict[str, Any] = {key.replace(" ", "_"): each for key, each in maps.items()}
    np.savez(work / f"{name}.npz", **named)
    (work / f"{name}.txt").write_text(", ".join(map(_versioned, REFERENCES[name][2])))


def _versioned(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


def correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pearson's, of two maps; 1 where both say nothing."""
    if not (np.ptp(one) or np.ptp(other)):
        return 1.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def main() -> int:
    """Explain, let each reference explain, and print correlations."""
    options = parser(__doc__)
    options.add_argument("--packages", type=Path, help="where captum, torch, tf-keras-vis lie")
    options.add_argument("--model", default="whole_film")
    options.add_argument("--films", type=int, default=6)
    options.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        child(chosen.child[0], chosen.model, Path(chosen.child[1]))
        return 0
    if chosen.packages is None:
        options.error("say where captum, torch and tf-keras-vis lie, with --packages DIR")
    from xray.drawing.phantoms import LABELS, phantom

    model = registry.load(chosen.model)
    films = model.prepare(
        np.stack([phantom(i, (256, 256), LABELS[i % 2], None).pixels for i in range(chosen.films)])
    )
    mine, rows = ours(model, films), []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        np.savez(work / "films.npz", films=films)
        for name, (backend, *_) in REFERENCES.items():
            command = [
                sys.executable,
                "-m",
                "benchmarks.against_references",
                "--model",
                chosen.model,
                "--child",
                name,
                folder,
            ]
            paths = os.pathsep.join([str(Path.cwd()), str(chosen.packages)])
            subprocess.run(
                command,
                check=True,
                env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": paths},
            )
            with np.load(work / f"{name}.npz") as kept:
                theirs = {
                    key: kept[key.replace(" ", "_")]
                    for key in mine
                    if key.replace(" ", "_") in kept
                }
            for method, maps in theirs.items():
                each = [correlation(a, b) for a, b in zip(mine[method], maps, strict=True)]
                rows.append(
                    {
                        "method": method,
                        "reference": (work / f"{name}.txt").read_text(),
                        "model": chosen.model,
                        "films": len(each),
                        "least": min(each),
                        "mean": float(np.mean(each)),
                    }
                )
    report(
        "against_references",
        rows,
        {"least correlation": min(r["least"] for r in rows)},
        chosen.json,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
