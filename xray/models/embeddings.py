"""Films as points: what a network makes of them, or their pixels; neighbours, and maps of them.

Vectors are centred film by film and of length 1, so that a distance is 1 less a correlation:
0 for the same, 1 for nothing in common. Of pixels that is what near-identical films are told by
(``leakage.near_identical``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import __version__
from xray.dataset import aspects, leakage
from xray.environment import cache_dir
from xray.errors import DatasetError, FilmError, ModelError
from xray.files import hash_json, replacing
from xray.films import decode
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.jobs import executor
from xray.jobs.progress import Progress
from xray.models import layers
from xray.models.model import Model, Predictor

Vectors = NDArray[np.float32]

#: Name of the space in which films lie by their pixels, and side of the copies it compares.
PIXELS, SIDE = "pixels", 32
#: Films read and embedded as one piece of work.
PIECE = 64
#: Ways to lay films out on a plane -> words for people.
LAYOUTS = {"pca": "PCA: the two widest directions", "tsne": "t-SNE: neighbours stay together"}
#: Films on a map at most; of more a sample is drawn.
MOST = 6000
#: Directions that are kept before t-SNE, as its authors do (van der Maaten and Hinton 2008).
DIRECTIONS = 50


@dataclass(frozen=True, eq=False)
class Space:
    """Films as points.

    Attributes
    ----------
    name : a model's, or ``PIXELS``
    layer : of the model that describes them; "" of pixels
    files : (N,) str
        Keys of the films; those that cannot be read are not among them.
    vectors : (N, D) float32
        Of length 1.
    key : hash of films, model and layer
    """

    name: str
    layer: str
    files: NDArray[np.str_]
    vectors: Vectors
    key: str

    def nearest(
        self, vector: Vectors, count: int, without: str = ""
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The films nearest to a point (D,), nearest first: rows and distances in [0, 2].

        Parameters
        ----------
        without : a film that is left out, usually the one asked about
        """
        from sklearn.neighbors import NearestNeighbors

        wanted = min(count + bool(without), len(self.files))
        search = NearestNeighbors(n_neighbors=wanted, metric="cosine", algorithm="brute")
        far, rows = search.fit(self.vectors).kneighbors(vector[None])
        kept = self.files[rows[0]] != without
        return rows[0][kept][:count], far[0][kept][:count].astype(np.float64)

    def pairs(self, distance: float) -> NDArray[np.int64]:
        """All pairs of films no further apart than this, as rows (P, 2), the lower one first.

        They are looked for along the widest ``DIRECTIONS``, in which nothing is further apart than
        it is, and then measured: no pair is missed.
        """
        from sklearn.decomposition import PCA
        from sklearn.neighbors import NearestNeighbors

        if len(self.vectors) < 2:
            return np.empty((0, 2), np.int64)
        few = PCA(min(DIRECTIONS, *self.vectors.shape), random_state=0).fit_transform(self.vectors)
        # Of vectors of length 1 the square of the Euclidean distance is twice this one.
        search = NearestNeighbors(radius=(2 * distance) ** 0.5 + 1e-3, algorithm="brute").fit(few)
        found = [np.empty((0, 2), np.int64)]
        for start in range(0, len(few), PIECE):
            near = search.radius_neighbors(few[start : start + PIECE], return_distance=False)
            rows = np.repeat(np.arange(start, start + len(near)), [len(each) for each in near])
            pairs = np.stack([rows, np.concatenate(near)], axis=1)
            pairs = pairs[pairs[:, 0] < pairs[:, 1]]
            alike = np.einsum("pd,pd->p", self.vectors[pairs[:, 0]], self.vectors[pairs[:, 1]])
            found.append(pairs[alike >= 1 - distance])
        return np.concatenate(found)

    def row(self, file: str) -> int | None:
        """Row of a film; None where it is not here."""
        at = np.flatnonzero(self.files == file)
        return int(at[0]) if len(at) else None


def vectors_of(model: Predictor | None, films: Pixels, layer: str = "") -> Vectors:
    """Points (N, D) of films (N, H, W) in [0, 1]; by their pixels where there is no model.

    Raises
    ------
    ModelError
        The model is no Keras network, or has no such layer.
    """
    if model is None:
        return leakage.unit(resize(films, (SIDE, SIDE)))
    if not isinstance(model, Model) or not model.keras:
        raise ModelError(
            f"{model.card.name} is no Keras network, so nothing in it can be looked at; take the "
            "films' pixels."
        )
    return leakage.unit(layers.described(model, model.prepare(films), layer))


def embed(
    folder: Path,
    table: pd.DataFrame,
    model: Predictor | None = None,
    layer: str = "",
    progress: Progress | None = None,
) -> Space:
    """Embed the films of a table, or read what was stored of the same films and model.

    Parameters
    ----------
    folder : of the films
    table : with file, path, sha256 and error
    model : a loaded Keras model; the films' pixels when None
    layer : of the model; the penultimate one when empty
    progress : called with films done and to do

    Raises
    ------
    DatasetError
        No film can be read.
    ModelError
        See ``vectors_of``.
    """
    rows = table[(table["path"] != "") & (table["error"] == "")]
    found = stored(rows, model, layer)
    if found is not None:
        return found
    if rows.empty:
        raise DatasetError("None of these films is here to be read; point XRAY_DATA to them.")
    listed = list(zip(rows["path"], aspects.native(rows["file"]), strict=True))
    fixed = {"model": model, "folder": Path(folder).resolve(), "layer": layer}
    parts = list(executor.over(_embedded, listed, PIECE, progress=progress, **fixed))
    width = max(part.shape[1] for part in parts)
    vectors = np.concatenate([part for part in parts if part.shape[1] == width])
    files = np.concatenate(
        [
            rows["file"].to_numpy(str)[at * PIECE : at * PIECE + PIECE]
            for at, part in enumerate(parts)
            if part.shape[1] == width
        ]
    )
    readable = ~np.isnan(vectors[:, 0])
    if not readable.any():
        raise DatasetError("None of these films can be read; look at the folder with xray index.")
    key = _key(rows, model, layer)
    space = Space(
        PIXELS if model is None else model.card.name, layer, files[readable], vectors[readable], key
    )
    save(space)
    return space


def save(space: Space) -> None:
    """Store a space, to be read again by its key."""
    with replacing(_path(space.key)) as beside:
        np.savez(beside, files=space.files, vectors=space.vectors)


def near_identical(
    folder: Path,
    table: pd.DataFrame,
    correlation: float = leakage.CORRELATION,
    progress: Progress | None = None,
) -> leakage.Groups:
    """Group films that look the same, by the same neighbours as films like one.

    The correlation of grey values does not care about brightness, contrast or size. On the public
    set's 5,856 films it finds the 34 pairs of the same bytes and no other, as perceptual hashes
    whose 1,965 suspects were compared at 64 x 64 pixels did.

    Parameters
    ----------
    folder, table, progress : as ``embed`` takes them; films that cannot be read are in no group,
        unless their bytes are known to be the same
    correlation : of near-identical films, at least
    """
    space = embed(folder, table, progress=progress)
    rows = pd.Index(table["file"]).get_indexer(pd.Index(space.files))
    return leakage.near_identical(table, rows[space.pairs(1 - correlation)])


def stored(rows: pd.DataFrame, model: Predictor | None, layer: str = "") -> Space | None:
    """What was embedded of these films before; None where nothing was, or it is damaged."""
    return read(_key(rows, model, layer), PIXELS if model is None else model.card.name, layer)


def read(key: str, name: str, layer: str = "") -> Space | None:
    """A stored space by its key (see ``key_of``)."""
    try:
        with np.load(_path(key), allow_pickle=False) as kept:
            return Space(name, layer, kept["files"], kept["vectors"], key)
    except (OSError, ValueError, KeyError, EOFError):
        return None


def key_of(rows: pd.DataFrame, model_sha256: str, layer: str = "") -> str:
    """Key of a space, without loading the model: hash of films, model's file and layer."""
    films = hash_json(rows[["file", "sha256"]].to_numpy().tolist())
    return hash_json([__version__, films, model_sha256, layer, SIDE])


def _key(rows: pd.DataFrame, model: Predictor | None, layer: str) -> str:
    usable = rows[(rows["path"] != "") & (rows["error"] == "")]
    return key_of(usable, "" if model is None else model.card.sha256, layer)


def _path(key: str) -> Path:
    return cache_dir() / "embeddings" / f"{key[:24]}.npz"


def _embedded(
    batch: Sequence[tuple[str, float | None]], model: Predictor | None, folder: Path, layer: str
) -> Vectors:
    """Points of some films; NaN where one cannot be read."""
    size, fit = ((SIDE, SIDE), "squash") if model is None else (model.card.size, model.card.fit)

    def load(item: tuple[str, float | None]) -> Pixels | None:
        try:
            film = decode.read(folder / item[0], own=True)
            return resize(film.pixels, size, fit, aspects.lost(film, item[1]))
        except (FilmError, OSError):
            return None

    films = list(executor.in_order(load, batch))
    kept = [film for film in films if film is not None]
    if not kept:
        return np.full((len(batch), 1), np.nan, np.float32)
    made = vectors_of(model, np.stack(kept), layer)
    out = np.full((len(batch), made.shape[1]), np.nan, np.float32)
    out[[film is not None for film in films]] = made
    return out


# --- maps ----------------------------------------------------------------------------------


def drawn(count: int, most: int = MOST, seed: int = 0) -> NDArray[np.int64]:
    """Rows of a map of ``count`` films: all of them, or ``most`` drawn at random, in order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def layout(space: Space, how: str = "pca", seed: int = 0) -> NDArray[np.float32]:
    """Places (N, 2) of films on a plane, in [0, 1]; stored, as t-SNE takes a while.

    Raises
    ------
    FilmError
        There are fewer than four films, or no such layout.
    """
    if how not in LAYOUTS or len(space.files) < 4:
        raise FilmError(
            f"A map is laid out by {' or '.join(LAYOUTS)}, and of four films at least; there are "
            f"{len(space.files)}."
        )
    places = stored_layout(space, how, seed)
    if places is None:
        places = _laid_out(space.vectors, how, seed)
        with replacing(_layout_path(space, how, seed)) as beside:
            np.savez(beside, places=places)
    return places


def stored_layout(space: Space, how: str, seed: int = 0) -> NDArray[np.float32] | None:
    """Places that were stored; None where there are none, or they are damaged."""
    try:
        with np.load(_layout_path(space, how, seed), allow_pickle=False) as kept:
            return np.asarray(kept["places"], np.float32)
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _layout_path(space: Space, how: str, seed: int) -> Path:
    return _path(hash_json([space.key, hash_json(space.files.tolist()), how, seed, __version__]))


def _laid_out(vectors: Vectors, how: str, seed: int) -> NDArray[np.float32]:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    places: Any = PCA(min(DIRECTIONS, *vectors.shape), random_state=seed).fit_transform(vectors)
    if how == "tsne":
        perplexity = min(30.0, (len(vectors) - 1) / 3)
        places = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(places)
    low, high = places[:, :2].min(axis=0), places[:, :2].max(axis=0)
    return np.asarray((places[:, :2] - low) / np.maximum(high - low, 1e-12), np.float32)


def part(space: Space, rows: NDArray[np.int64]) -> Space:
    """A part of a space, by rows."""
    return Space(space.name, space.layer, space.files[rows], space.vectors[rows], space.key)
