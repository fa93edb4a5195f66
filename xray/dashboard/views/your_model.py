"""Bring a model of one's own: the commands for it, what it would see, whether it is plausible.

The path that people type is put into a command and never opened here: models are brought where
they lie, by who may read them, and never uploaded.
"""

from __future__ import annotations

import shlex
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from xray.classes import SICK
from xray.dashboard import background, loaders, page
from xray.dashboard.views.devices import live
from xray.dashboard.views.preprocessing import steps
from xray.drawing.phantoms import phantom
from xray.errors import DatasetError
from xray.files import hash_json
from xray.films import thumbnails
from xray.films.decode import Film
from xray.films.interpolate import ALIASES, RESIZES
from xray.jobs.progress import Progress
from xray.models.card import Card
from xray.models.inputs import SCALES
from xray.reports import html

#: How people have their model -> name of the file that stands for it in the commands.
KINDS = {
    "Keras (.keras, .h5)": "my-model.keras",
    "PyTorch": "my-model.onnx",
    "ONNX": "my-model.onnx",
    "TensorFlow SavedModel": "my-model",
    "TensorFlow Lite": "my-model.tflite",
    "An object of Python": "",
}
#: Films of each class of the quick check.
FEW = 5


def command(path: str, name: str, options: dict[str, str]) -> str:
    """``xray add`` for a path, on one line a shell takes as it is.

    Parameters
    ----------
    path : of the model on the machine of who runs the command
    name : of the model here
    options : option without its dashes -> value; empty values are left out
    """
    said = " ".join(f"--{key} {shlex.quote(value)}" for key, value in options.items() if value)
    return f"python -m xray add {shlex.quote(path)} --name {shlex.quote(name)} {said}".strip()


def torch_lines(path: str, side: int, channels: int) -> str:
    """The six lines that export a network of PyTorch, filled in."""
    return (
        "import torch\n"
        "network = MyNetwork()\n"
        'network.load_state_dict(torch.load("weights.pth", map_location="cpu"))\n'
        "network.eval()\n"
        f"film = torch.zeros(1, {channels}, {side}, {side})\n"
        f"torch.onnx.export(network, film, {path!r}, dynamo=False, "
        'dynamic_axes={"input": {0: "n"}}, input_names=["input"])'
    )


def object_lines(name: str, side: int) -> str:
    """How an object with ``predict`` is brought, filled in."""
    return (
        "import xray\nfrom xray import models\n\n"
        f"model = xray.load_model(my_object, name={name!r}, size=({side}, {side}))\n"
        "print(models.check(model, films, labels))"
    )


def ask() -> dict[str, Any]:
    """What people say of their model: kind, path, name, scale, resize, side, channels, index."""
    kind = st.radio("It is saved as", list(KINDS), horizontal=True, key="kind")
    left, right = st.columns(2)
    with left:
        path = st.text_input(
            "Where it lies on your machine",
            placeholder="/home/me/my-model.keras",
            key="path",
            help="It goes into the command below and is not opened by this page.",
        )
        name = st.text_input("Its name here", "my-model", max_chars=40)
        side = int(st.number_input("Side of its films in pixels", 16, 1024, 224))
    with right:
        scale = st.selectbox("Its inputs are", list(SCALES), format_func=_scale)
        resize = st.selectbox(
            "Its training resized films by",
            list(RESIZES),
            format_func=_resize,
            help="For models of this task it changes up to a quarter of the calls.",
        )
        channels = {"once": 1, "three times over": 3}[
            st.radio("Grey is given", ["three times over", "once"], horizontal=True)
        ]
        index = st.text_input(
            "Which output is the positive class",
            placeholder="1, or 0,2 for two together",
        )
    said = {"kind": kind, "path": path.strip() or KINDS[kind] or "my-model", "name": name.strip()}
    return said | {
        **{"scale": scale, "resize": resize, "side": side, "channels": channels},
        "index": "".join(letter for letter in index if letter in "0123456789,"),
    }


def _scale(key: str) -> str:
    return f"{key}: {SCALES[key]}"


def _resize(key: str) -> str:
    return f"{key}: {RESIZES[key]}"


def commands(said: dict[str, Any]) -> None:
    """What to run, filled in."""
    if said["kind"] == "An object of Python":
        st.code(object_lines(said["name"], said["side"]), language="python")
        return
    if said["kind"] == "PyTorch":
        st.markdown("First, where it was trained:")
        path = said["path"]
        path = path if path.endswith(".onnx") else str(Path(path).with_suffix(".onnx"))
        said = said | {"path": path}
        st.code(torch_lines(path, said["side"], said["channels"]), language="python")
        st.markdown("Then, here:")
        st.code("pip install onnx onnxruntime", language=None)
    back = {value: key for key, value in ALIASES.items()}
    options = {
        "scale": said["scale"] if said["scale"] != "unit" else "",
        "resize": back.get(said["resize"], said["resize"]),
        "positive-index": said["index"],
    }
    st.code(command(said["path"], said["name"] or "my-model", options), language=None)
    st.caption(
        "It tries scale, order of classes and colour on films at hand before it believes them. "
        "It shows a small table, and refuses what is no better than chance. "
        "More: docs/your-model.md"
    )


def preview(said: dict[str, Any]) -> None:
    """What a network of these options would see of a synthetic film."""
    made = _previews(said["side"], said["channels"], said["scale"], said["resize"])
    for column, step in zip(st.columns(len(made)), made, strict=True):
        column.html(step)


@lru_cache(maxsize=8)
def _previews(side: int, channels: int, scale: str, fit: str) -> list[str]:
    """A synthetic film on its way into a network, step by step, as HTML."""
    pixels = phantom(3, (600, 760), SICK).pixels
    card = Card("preview", size=(side, side), channels=channels, scale=scale, fit=fit)
    return [
        html.image(thumbnails.fit(step.picture, thumbnails.LARGE), step.title)
        + f'<p class="xma-fact">{html.escape(step.title)}</p><p>{html.escape(step.said)}</p>'
        for step in steps(Film(pixels, "synthetic film", "", "PNG", "L", 0), card)
    ]


def quick_check(card: Card) -> None:
    """Try a model's options on a few films, in the background."""
    folder = loaders.films_folder()
    if card.warning:
        page.problem(card.warning)
    if folder is None:
        st.caption("The check needs films: set XRAY_DATA.")
        return
    key = hash_json(["check", card.name, card.sha256, str(folder)])
    if st.button(f"Try {2 * FEW} films", icon=":material/fact_check:"):
        background.ask(key, lambda progress: _check(card.name, folder, progress))
    status = background.look(key)
    background.watch([(key, f"Trying {card.title}", status)])
    if status.state == "failed":
        page.problem(status.error)
    if status.state == "done":
        found = status.result
        page.table(found.table().round(3))
        if found.problem:
            page.problem(found.problem)
        else:
            st.caption(f"{found.films} films speak for no other options.")


def _check(name: str, folder: Path, progress: Progress) -> Any:
    from xray.models import at_hand, registry

    progress(0, 2)
    model = registry.load(name)
    progress(1, 2)
    films = at_hand.sample(folder, FEW)
    if len(films.files) < 2:
        raise DatasetError("There are too few films to try.")
    found = at_hand.checked(model, films)
    progress(2, 2)
    return found


def audit(card: Card) -> None:
    """The audit of a model, with progress."""
    live.audit(card)
