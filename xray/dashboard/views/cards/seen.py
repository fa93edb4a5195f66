"""What a model sees: a film step by step on its way into a network, and as training varies it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import streamlit as st

from xray.classes import SICK
from xray.dashboard import background, cache, catalogue, choices, dataset_page, grid, page
from xray.dashboard.views import preprocessing
from xray.drawing import phantoms
from xray.figures import composition
from xray.files import sha256_bytes
from xray.films import decode, thumbnails
from xray.models.card import Card, titles_of
from xray.reports import html


def say(shown: dataset_page.Films, usable: Sequence[Card]) -> str:
    """Which share of an original's pixels the models see."""
    pixels = (shown.table["width"] * shown.table["height"]).dropna()
    if not (len(pixels) and (sides := sorted({card.size for card in usable}))):
        return "What a model sees of a film"
    sizes = " or ".join(f"{width} × {height}" for height, width in sides)
    part = np.mean([height * width for height, width in sides]) / pixels.mean()
    return f"Models see films at {sizes}: {100 * part:.1f} % of the pixels of an original"


def pick(shown: dataset_page.Films) -> decode.Film:
    """The film that the link names, else a test film with devices, else a synthetic one."""
    row = shown.catalogue.row(st.query_params.get("film", ""))
    if row is None and shown.folder is not None:
        wish = catalogue.Wish(splits=("test",), traits=("device",), sort="large")
        row = next(map(int, catalogue.find(shown.catalogue, wish)), 0)
    path = None if row is None else shown.path(row)
    if path is None or row is None:
        page.empty(
            "This film is not here; a synthetic one, drawn by this program, stands in",
            dataset_page.NO_FILMS,
            dataset_page.GET_FILMS,
        )
        # Drawn once: a function of a page's own is made anew by every rerun, and so is its cache.
        return cache.remember("made-up film", made_up)
    label, name = (str(shown.table[column].iat[row]) for column in ("label", "name"))
    st.caption(html.plain(f"{label} film {name}"))
    return grid.decoded(str(path), path.stat().st_mtime_ns)


def made_up() -> decode.Film:
    """A synthetic film with an electrode."""
    pixels = phantoms.phantom(7, label=SICK, device="electrode").pixels
    return decode.Film(pixels, "synthetic", sha256_bytes(pixels.tobytes()), "synthetic", "L", 0)


def drawn(film: decode.Film, card: Card) -> Iterator[tuple[str, str]]:
    """Picture of each step as HTML, and what it did."""
    for place, step in enumerate(preprocessing.steps(film, card)):
        picture = thumbnails.fit(step.picture, thumbnails.LARGE)
        yield (
            html.step(html.png(picture), step.title, place > 0),
            f"**{step.title}**: {html.plain(step.said)}",
        )


def steps(film: decode.Film, card: Card) -> None:
    """Decoded, resized, as numbers: three pictures and the numbers' distribution."""
    key = (film.sha256, card.name, card.size, card.scale, card.channels, card.fit)
    made = cache.remember("steps", lambda: list(drawn(film, card)), *key)
    for column, (picture, words) in zip(st.columns(len(made)), made, strict=True):
        column.html(picture)
        column.markdown(words)
    figure = cache.figure(
        "model values",
        lambda: composition.model_values(
            preprocessing.model_input(film.pixels, card), card.title or card.name
        ),
        *key,
    )
    page.show(figure, "model values")


def asked(film: decode.Film, card: Card) -> None:
    """What a network cuts out of the film, and how training varies it."""
    key = f"{film.sha256} {card.name} {card.sha256}"
    if size := preprocessing.lungs_size(card):
        st.markdown(
            "**Inside the network, the film is cut to the box around its lungs**: "
            f"{size[1]} × {size[0]} pixels. How the film is framed cannot be learnt so."
        )
        background.pictures(
            f"cut {key}",
            "Show what is cut out",
            "the box around the lungs",
            lambda: [preprocessing.cut_out(film.pixels, card)],
        )
    if words := preprocessing.augmentation(card.recipe):
        st.markdown(f"**In training, the film is varied at random**: {words}.")
        background.pictures(
            f"variants {key}",
            "Show variants",
            "a variant of the film",
            lambda: list(preprocessing.variants(film.pixels, card)),
        )
    else:
        st.caption("The training of this model shows every film as it is, or is not known.")


def show() -> None:
    """Draw the section."""
    usable = {card.name: card for card in dataset_page.models()}
    names = {name: title for title, name in titles_of(list(usable.values())).items()}
    shown = dataset_page.begin(
        lambda films: say(films, list(usable.values())),
        "What is lost on the way in cannot be read. What is kept by chance can, such as the aspect "
        "of a squashed film.",
        lambda _: {"model": choices.offered(names)},
        question="What does a model see of a film?",
    )
    if shown and usable:
        card = usable[choices.choose("Model", names, "model")]
        with page.guard("The film's way into the model"):
            chosen = pick(shown)
            steps(chosen, card)
            asked(chosen, card)
    elif shown:
        page.empty("No model can be used", "Train one, or add one.", "python -m xray train")
