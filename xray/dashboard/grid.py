"""Films to look at: pictures made for the visible page only, a film's card, a clickable grid."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from xray.dashboard import catalogue, page
from xray.dashboard.catalogue import Rows
from xray.dashboard.dataset_page import Films
from xray.errors import XrayError
from xray.figures.palette import class_colour
from xray.films import decode, thumbnails
from xray.films.decode import Film
from xray.jobs import executor
from xray.reports import html as html_

log = logging.getLogger(__name__)


@lru_cache(maxsize=1500)
def _small(path: str, stamp: int) -> bytes:
    return thumbnails.picture(Path(path), thumbnails.SMALL)


@lru_cache(maxsize=40)
def _large(path: str, stamp: int) -> bytes:
    return thumbnails.picture(Path(path), thumbnails.LARGE)


def picture(shown: Films, row: int, large: bool = False) -> bytes | None:
    """JPEG of a film; None where it is not here or cannot be read."""
    path = shown.path(row)
    try:
        make = _large if large else _small
        return make(str(path), path.stat().st_mtime_ns) if path else None
    except (XrayError, OSError) as error:
        log.warning("no picture of %s: %s", path, error)
        return None


@lru_cache(maxsize=8)
def decoded(path: str, stamp: int) -> Film:
    """Decode a film of the dataset.

    Raises
    ------
    FilmError
        It cannot be read.
    """
    return decode.read(Path(path))


def card(shown: Films, row: int) -> None:
    """Show a film small, with what is known of it and the ways on from here."""
    film = shown.table.iloc[row]
    alt = f"{film['label']} film {film['name']}"
    aspect = float(film["width"] / film["height"])
    if (jpeg := picture(shown, row, large=True)) is not None:
        st.html(html_.framed(jpeg, alt, aspect=aspect))
    st.html(html_.facts([("File", str(film["name"])), *catalogue.facts(shown.catalogue, row)]))
    token = str(shown.catalogue.tokens[row])
    page.go_to("browse", "Open in full", "photo_library", {"film": token})
    if st.button("Close", icon=":material/close:", key="close film"):
        del st.query_params["film"]
        st.rerun()


def grid(shown: Films, rows: Rows, key: str, model: str = "", notes: Sequence[str] = ()) -> None:
    """Show a page of films as thumbnails; a click opens the film (parameter ``film``).

    Parameters
    ----------
    rows : the films
    key : of the widget
    model : whose calls stand under the films; "" for none
    notes : a line for each film, before what stands there otherwise
    """
    grids(shown, {"": rows}, key, model, notes)


def grids(
    shown: Films,
    sections: Mapping[str, Rows],
    key: str,
    model: str = "",
    notes: Sequence[str] = (),
) -> None:
    """Show films in sections, title -> films; otherwise as ``grid``."""
    colours = {label: class_colour(label) for label in shown.catalogue.values("label")}
    parts: list[dict[str, Any]] = [
        {"title": title, "films": _cells(shown, tuple(int(row) for row in rows), model)}
        for title, rows in sections.items()
    ]
    if notes:
        [part] = parts
        part["films"] = [
            {**cell, "note": f"{note}; {cell['note']}" if cell["note"] else note}
            for cell, note in zip(part["films"], notes, strict=True)
        ]
    data = {"sections": parts, "colours": colours, "plain": shown.folder is None}
    _GRID(key=key, data=data, on_film_change=lambda: open_film(st.session_state[key].film))


def open_film(token: str) -> None:
    """Open a film in full: its name goes into the link."""
    st.query_params["film"] = token


@lru_cache(maxsize=64)
def _cells(shown: Films, rows: tuple[int, ...], model: str) -> list[dict[str, str]]:
    """What the grid shows, made once a page of films."""
    pictures = executor.in_order(lambda row: picture(shown, row), rows)
    cells = []
    for row, jpeg in zip(rows, pictures, strict=True):
        code = base64.b64encode(jpeg).decode() if jpeg else ""
        film = shown.table.iloc[row]
        cells.append(
            {
                "film": str(shown.catalogue.tokens[row]),
                "src": f"data:image/jpeg;base64,{code}" if code else "",
                "label": str(film["label"]),
                "name": str(film["name"]),
                "note": catalogue.note(shown.catalogue, row, model),
            }
        )
    return cells


_GRID = st.components.v2.component(
    "film_grid",
    css="""
.title{color:var(--st-text-color);font-family:var(--st-font);font-weight:600;margin:1rem 0 .4rem}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.2rem,1fr));gap:.7rem}
.section .grid{display:flex;flex-wrap:wrap}
.section .grid button{width:8.6rem}
.sections{display:flex;flex-wrap:wrap;gap:.4rem 2rem}
button{all:unset;cursor:pointer;border-radius:.4rem;overflow:hidden;display:flex;
  flex-direction:column;justify-content:flex-start;
  background:var(--st-secondary-background-color);font-family:var(--st-font)}
button:hover,button:focus-visible{outline:2px solid var(--st-primary-color);outline-offset:1px}
img,.none{width:100%;aspect-ratio:1;object-fit:contain;display:block;background:#000}
.none{display:grid;place-items:center;color:#9AA3AE;font-size:.8rem}
.text{display:block;padding:.35rem .5rem .45rem;color:var(--st-text-color);font-size:.8rem;
  line-height:1.35;overflow-wrap:anywhere}
.name{opacity:.75;font-size:.72rem}
.label{border-left:.3rem solid var(--class);padding-left:.4rem;font-weight:600}
""",
    js="""
export default function({data, parentElement, setTriggerValue}) {
  const make = (tag, kind, text) => {
    const element = document.createElement(tag);
    element.className = kind;
    element.textContent = text;
    return element;
  };
  const cell = film => {
    const button = make('button', '', '');
    button.type = 'button';
    button.title = film.name;
    if (film.src) {
      const img = document.createElement('img');
      img.src = film.src;
      img.alt = film.label + ' film ' + film.name;
      button.appendChild(img);
    } else if (!data.plain) {
      button.appendChild(make('div', 'none', 'film not here'));
    }
    const label = make('div', 'label', film.label);
    label.style.setProperty('--class', data.colours[film.label]);
    const text = make('div', 'text', '');
    text.append(label, make('div', 'note', film.note), make('div', 'name', film.name));
    button.appendChild(text);
    button.onclick = () => setTriggerValue('film', film.film);
    return button;
  };
  let all = parentElement.querySelector('.all');
  if (!all) {
    all = make('div', 'all', '');
    parentElement.appendChild(all);
  }
  all.classList.toggle('sections', data.sections.length > 1);
  all.replaceChildren(...data.sections.map(section => {
    const grid = make('div', 'grid', '');
    grid.append(...section.films.map(cell));
    if (!section.title) return grid;
    const part = make('div', 'section', '');
    part.append(make('div', 'title', section.title), grid);
    return part;
  }));
}
""",
)
