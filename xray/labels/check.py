"""A blind check of the device labels by a person: the sheet that goes out, and what came back.

Half of the films show a device by the labels and half do not, so that both of their errors are
counted. The reader gets pictures with numbers and nothing else; which film a number is stands in
a key that stays behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from xray.errors import LabelError
from xray.files import read_table, write_bytes, write_table, write_text
from xray.films import decode, thumbnails
from xray.labels import devices
from xray.metrics import bootstrap

FILE = "check.csv"
#: From here on a film shows a device by the labels; below ``NONE`` it does not. What lies
#: between is a guess that a check of yes and no cannot count.
YES, NO = 0.5, 0.3
ANY = "any device"
ASKED = (ANY, *devices.KINDS)
#: Longest side of a picture on the sheet in pixels, and its JPEG quality: faint wires must stay.
SIDE, QUALITY = 1024, 95
_HOW = """Look at each film in the folder "films" and fill in its row of sheet.csv: 1 where you see
at least one, 0 where you see none, nothing where you cannot tell.

any device: anything on or in the child that is not the child, or that holds the child.
line: wire, lead, cable, IV line.
tube: endotracheal or nasogastric tube, central catheter, drain.
electrode: electrode, snap, clip, connector.
other: buckle, sternal wire, shunt, jewellery.
support: sandbag, restraint, another person's hand.

The films are in random order. Nothing here tells the diagnosis or what the labels say.
"""


def draw(labels: pd.DataFrame, files: Sequence[str], films: int, seed: int = 0) -> pd.DataFrame:
    """Choose films for a check, half of them with a device by the labels.

    Parameters
    ----------
    labels : table with ``confidence`` and the kinds, by file (``devices.load``)
    files : films at hand
    films : how many to choose

    Returns
    -------
    DataFrame
        film (number on the sheet, from 1), file, and confidence of every kind; in random order

    Raises
    ------
    LabelError
        There are too few films of which the labels say yes, or no.
    """
    rng = np.random.default_rng(seed)
    known = labels.loc[labels.index.intersection(list(files)).sort_values()]
    sides = [known[known["confidence"] >= YES], known[known["confidence"] < NO]]
    half = films // 2
    if half < 1 or min(map(len, sides)) < half:
        yes, no = map(len, sides)
        raise LabelError(
            f"A check of {films} films needs {half} with and {half} without a device; the labels "
            f"say so of {yes} and {no} of these films. Ask for fewer films, and for at least 2."
        )
    places = [rng.choice(len(side), half, replace=False) for side in sides]
    chosen = pd.concat([side.iloc[at] for side, at in zip(sides, places, strict=True)])
    chosen = chosen.iloc[rng.permutation(len(chosen))].reset_index(names="file")
    kinds = chosen[["file", "confidence", *devices.KINDS]]
    return kinds.assign(film=np.arange(1, len(kinds) + 1))


def write(folder: Path, data: Path, chosen: pd.DataFrame) -> Path:
    """Write the pictures and the empty sheet into a folder, and the key beside it.

    Pictures are drawn anew from pixels, so that nothing of a file's name, history or size is
    left but what the film shows.

    Returns
    -------
    Path of the key, which the reader must not see
    """
    if folder.exists() and any(folder.iterdir()):
        raise LabelError(f"{folder} is not empty; name a new folder for the sheet.")
    for row in chosen.itertuples():
        film = decode.read(data / str(row.file))
        picture = thumbnails.jpeg(thumbnails.fit(film.pixels, SIDE), QUALITY)
        write_bytes(folder / "films" / f"{row.film:03}.jpg", picture)
    sheet = pd.DataFrame({"film": chosen["film"]} | dict.fromkeys((*ASKED, "remark"), ""))
    write_table(folder / "sheet.csv", sheet)
    write_text(folder / "HOW.txt", _HOW)
    key = folder.with_name(f"{folder.name}-key.csv")
    write_table(key, chosen)
    return key


def count(sheet: pd.DataFrame, key: pd.DataFrame) -> pd.DataFrame:
    """Count how often the reader confirms what the labels say.

    Parameters
    ----------
    sheet : as filled in: film, ``ASKED`` with 1, 0 or nothing
    key : as ``write`` left it

    Returns
    -------
    DataFrame
        what (any device, or a kind), label ("yes" or "no"), films (that the reader answered),
        agree, share, low and high (Wilson's 95 %), unanswered

    Raises
    ------
    LabelError
        The sheet has other films than the key, a column is missing, or an answer is none of
        1, 0 and nothing.
    """
    if missing := [name for name in ("film", *ASKED) if name not in sheet]:
        raise LabelError(f"The sheet has no column '{missing[0]}'; fill in the one that was made.")
    numbers = pd.to_numeric(sheet["film"], errors="coerce")
    if sorted(numbers.dropna().astype(int)) != sorted(key["film"]) or numbers.isna().any():
        raise LabelError(
            "The sheet has other films than the key; give the two that belong together."
        )
    said = sheet.set_index(numbers.astype(int)).loc[key["film"], list(ASKED)]
    text = said.fillna("").astype(str).apply(lambda column: column.str.strip())
    text = text.replace({"1.0": "1", "0.0": "0"})
    if odd := sorted(set(text.to_numpy().ravel()) - {"1", "0", ""}):
        raise LabelError(f"The sheet holds '{odd[0]}'; an answer is 1, 0 or nothing.")
    if (text == "").all(axis=None):
        raise LabelError("No film of the sheet is filled in; write 1 or 0 for what was looked for.")
    rows = []
    for what in ASKED:
        sure = key["confidence" if what == ANY else what].to_numpy()
        answer = text[what].to_numpy()
        for label, of, right in (("yes", sure >= YES, "1"), ("no", sure < NO, "0")):
            told = answer[of]
            films, agree = int((told != "").sum()), int((told == right).sum())
            low, high = bootstrap.wilson(agree, films)
            share = agree / films if films else float("nan")
            rows.append(
                {
                    "what": what,
                    "label": label,
                    "films": films,
                    "agree": agree,
                    "share": share,
                    "low": low,
                    "high": high,
                    "unanswered": int((told == "").sum()),
                }
            )
    return pd.DataFrame(rows)


def read(path: Path) -> pd.DataFrame:
    """What came of a check, as ``count`` gave it.

    Raises
    ------
    ArtifactError
        The file is missing or damaged.
    """
    return read_table(path, ["what", "label", "films", "agree", "share", "low", "high"])
