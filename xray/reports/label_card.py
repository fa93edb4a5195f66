"""The card of the device labels: what they are, how made, how far to trust them, the licence.

Markdown with the head that dataset hosts read, made from the tables, so that it can be published
beside them. Figures of the single second looks at train and val films, whose looks were averaged
in the table, cannot be counted again; they are marked so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from xray.dataset import composition, public_set
from xray.environment import artifact
from xray.labels import check, devices
from xray.labels.format import KINDS
from xray.metrics.patients import person

TITLE = "Devices in children's chest films"
FILE = "CARD.md"

_HEAD = f"""---
pretty_name: {TITLE}
license: cc-by-4.0
task_categories: [image-classification, object-detection]
tags: [chest-x-ray, medical-devices, confounders, shortcut-learning, pediatric]
annotations_creators: [machine-generated]
size_categories: [1K<n<10K]
---
"""

_MADE = """## How they were made

A general-purpose vision-language model viewed every film: 224 pixels, enlarged,
contrast-enhanced, in random order, without the diagnosis, each look independent of the other.
The labels were spot-checked and **never checked by a radiologist**. The model had no clinical
history, no second projection and no film before or after.
"""

_KINDS = """| kind | what it holds | geometry |
|---|---|---|
| `line` | wire, lead, cable, IV line | polyline |
| `tube` | endotracheal, nasogastric, central catheter, drain | polyline |
| `electrode` | electrode with its snap, lead clip or connector | circle [x, y, r] |
| `support` | sandbag, restraint, another person's hand | box [x0, y0, x1, y1] |
| `other` | buckle, sternal wire, shunt, jewellery | box [x0, y0, x1, y1] |
"""

_LIMITS = """- They are good enough to measure with; they are no clinical ground truth. Nothing
  here says that a device lies where it should, and no child may be treated by it.
- Faint tubes over the spine are the hard case. A confidence of 0.3 to 0.6 is a guess
  ({unsure}). Kinds are less sure than presence.
- Both looks are by one model: what it cannot see, neither look sees, and agreement says nothing
  of that. Agreement is a bound on how good the labels can be, not on how good they are.
- The films are of one hospital (Guangzhou), children of one to five years, 224 pixels a side as
  seen by the model. Other devices, other sizes and adults look different.
- Only test films and those of the second labelling have geometry. Wide strokes stand for thin
  wires ({stroke:.1%} of the side).
- Devices go with how ill a child is, here with PNEUMONIA. A model trained on these labels next
  to the diagnosis can learn one from the other.
"""

_SECOND = """## A second labelling, of {films} train films

`devices_train_second.jsonl`, of the same form: two independent passes by vision-language models
on films enlarged to 896 pixels, blind to the diagnosis and to the first labels; {both} films by
both. The passes differed on what is an electrode and what is another
device, so a third look, blind to both, sorted those by the kinds' definitions. **Never checked by
a radiologist.** Children who wear a kind (confidence at least 0.5): {children}.
It is there to judge the audit by devices that were found anew.
"""

_BY_LOOK = """## Electrodes told from other devices by their look

`electrode` and `other` mean different things in the two labellings, and within each: a clip by
which a wire is held, as a horseshoe at the shoulder, is an electrode to one look and another
device to the next. So two further looks sorted every such mark by shape alone, blind to all else:
a disc, with or without its snap, is an electrode, any other object `other`. A mark that they
sorted differently has a confidence of at most 0.4; what both took for no object is left out.
**Never checked by a radiologist.**

- `devices_test_by_look.jsonl`, the test films: {moved:,} of the {electrodes:,} marks of electrodes
  are called `other` here.
- `devices_train_by_look.jsonl`, {films} train films: those of the second labelling ({moved_again}
  of {electrodes_again} marks of electrodes are called `other` here) and {more} more whose first
  label says that they show one of the two, drawn anew in the same way, {both} of them by two.
  Children who wear a kind (confidence at least 0.5): {children}.

Counted when the looks were made, and not to be counted again from the files: 650 of 725 marks were
sorted alike; Cohen's kappa is 0.78 on the test films, 0.78 on those of the second labelling and
0.77 to 0.85 on the further ones. Eight films that show no device were among these: none was
marked. By these labels networks of known answers were audited once more (docs/record.md).
"""

_USE = """## What they are for

To ask whether a classifier reads devices instead of lungs: strata, LIME weights, removal,
insertion (`python -m xray audit`). Not for training a device detector for use on patients, and
not for clinical use.

Labels of one's own: `streamlit run app.py`, page *Label films*; `python -m xray label --help`.
They are read beside these (`XRAY_DEVICE_LABELS`, or `artifacts/devices/own.jsonl`), and what
people said takes the place of what the model said.

## Licence and sources

The labels: Creative Commons Attribution 4.0 (CC BY 4.0), by the makers of this program. The films
are not part of it: Kermany, Zhang and Goldbaum 2018 (Mendeley Data, doi:10.17632/rscbjbr9sj),
CC BY 4.0. Names of files are theirs and hold the diagnosis and a number of the person.
"""


def markdown() -> str:
    """Write the card of the committed labels; only tables and sentences, no film.

    Raises
    ------
    ArtifactError
        A table is missing or damaged.
    """
    table = devices.stored()
    parts = [_HEAD, f"# {TITLE}\n", _lead(table), _MADE, _files(table), _KINDS, _shown(table)]
    limits = _LIMITS.format(unsure=_unsure(table), stroke=devices.STROKE)
    parts += [_agreement(), _second(), _by_look(), _checked(), f"## Limits\n\n{limits}", _USE]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _second() -> str:
    """The second labelling, in numbers."""
    looks = devices.second()
    both = sum(len(passes) > 1 for passes in looks.values())
    return _SECOND.format(films=len(looks), both=both, children=_children(looks))


def _children(looks: Mapping[str, Sequence[devices.Look]]) -> str:
    """How many children wear each kind, in words."""
    worn: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for file, passes in looks.items():
        name = file.rpartition("/")[2]
        for device in (device for look in passes for device in look["devices"]):
            if device["confidence"] >= 0.5:
                worn[device["kind"]].add(person(name) or name)
    return ", ".join(f"{kind} {len(of)}" for kind, of in worn.items())


def _by_look() -> str:
    """How many marks change their kind when electrodes are told by their look, in numbers."""
    looks, first, second = devices.by_look(), devices.stored_geometry(), devices.second()
    train = {file: passes for file, passes in looks.items() if file not in first}
    return _BY_LOOK.format(
        films=len(train),
        more=len(train) - len(second),
        both=sum(len(passes) > 1 for file, passes in train.items() if file not in second),
        children=_children(train),
        electrodes=_electrodes(first),
        moved=_electrodes(first, looks),
        electrodes_again=_electrodes(second),
        moved_again=_electrodes(second, looks),
    )


def _electrodes(
    looks: Mapping[str, Sequence[devices.Look]],
    sorted_: Mapping[str, Sequence[devices.Look]] | None = None,
) -> int:
    """How many marks are electrodes, or with ``sorted_`` how many of these are ``other`` there."""
    count = 0
    for file, passes in looks.items():
        for number, look in enumerate(passes):
            boxes = [
                device["geometry"]
                for device in (sorted_[file][number]["devices"] if sorted_ else ())
                if device["kind"] == "other"
            ]
            for device in look["devices"]:
                if device["kind"] == "electrode":
                    x, y, r = device["geometry"]
                    box = [round(min(10, max(0, n)), 3) for n in (x - r, y - r, x + r, y + r)]
                    count += sorted_ is None or box in boxes
    return count


def _checked() -> str:
    """What a reader's blind check found, or that there was none and how to have one."""
    path = artifact("devices", check.FILE)
    if not path.is_file():
        return (
            "## Checked by a person\n\nNot yet. `python -m xray label --sample 100 --out FOLDER` "
            "writes a blind sheet for a radiologist; `--checked` counts what comes back and this "
            "card tells it.\n"
        )
    rows = [
        f"| {row.what} | {row.label} | {row.films} | {row.share:.0%} ({row.low:.0%} to "
        f"{row.high:.0%}) |"
        for row in list[Any](check.read(path).itertuples())
        if row.films
    ]
    return (
        "## Checked by a person\n\nA reader saw films without labels and diagnosis, half of them "
        "with a device by the labels.\n\n| what | the labels say | films | the reader agrees "
        "(95 %) |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _lead(table: pd.DataFrame) -> str:
    return (
        f"Which of the {len(table):,} films of the public pneumonia set show a medical device "
        f"({table['has_device'].sum():,} do), and where on the "
        f"{len(devices.stored_geometry()):,} test films. Made by a machine, **never checked "
        "by a radiologist**. The labels only; no film is here.\n"
    )


def _files(table: pd.DataFrame) -> str:
    looks = table["passes"].value_counts().sort_index()
    counts = ", ".join(
        f"{n:,} films with {k:.0f}"
        for k, n in zip(looks.index.tolist(), looks.tolist(), strict=True)
    )
    return (
        "## What is in the files\n\n"
        "- `devices.csv`, a row a film: `has_device` (largest confidence at least 0.5), "
        "`confidence` of any device, confidence by kind, burned-in technical text (`tech_text`), "
        f"`passes` (looks averaged: {counts}).\n"
        "- `devices_test.jsonl`, a line a test film: two looks with kind, geometry and confidence "
        "of each device. Geometry is in tenths of width and height, 0 to 10.\n"
        "- `shapes.json`, facts about the devices on test films that an audit renders devices "
        "from where no film is labelled: outline, brightness, grain; no pixel of a film.\n"
        "- `README.md`, the same for people who work on this program.\n"
    )


def _shown(table: pd.DataFrame) -> str:
    """How often a device is visible, with Wilson's interval, by split, class and subtype."""
    films = table.reset_index().merge(public_set.read()[["file", "subtype"]], on="file")
    found = composition.prevalence(films, films["has_device"].to_numpy(dtype=bool))
    rows = [
        f"| {row.split} | {composition.group_title(row.label, row.subtype)} | {row.films:,} | "
        f"{row.shown:,} | {row.share:.1%} ({row.low:.1%} to {row.high:.1%}) |"
        for row in list[Any](found.itertuples())
    ]
    by_kind = ", ".join(f"{kind} {int((table[kind] >= 0.5).sum()):,}" for kind in KINDS)
    return (
        "## What they show\n\n| split | films of | films | show a device | share (95 %) |\n"
        "|---|---|---|---|---|\n" + "\n".join(rows) + f"\n\nFilms by kind: {by_kind}; burned-in "
        f"text {int((table['tech_text'] >= 0.5).sum()):,}. Shares of the test films rest on two "
        "looks, most others on one.\n"
    )


def _agreement() -> str:
    rows = [
        f"| {row.what} | {row.agreement:.1%} | {row.kappa:.2f} ({row.kappa_low:.2f} to "
        f"{row.kappa_high:.2f}) | {f'{row.iou:.2f} ({row.both:,})' if row.both else ''} |"
        for row in list[Any](devices.agreement().itertuples())
    ]
    same, pairs = _twins()
    return (
        f"## How far the looks agree\n\nTwo looks at each of the "
        f"{len(devices.stored_geometry()):,} test films:\n\n"
        "| what | agreement | Cohen's kappa (95 %) | overlap of masks (films) |\n"
        "|---|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\nOf {pairs:,} pairs of byte-identical films {same / max(pairs, 1):.0%} have the "
        "same `has_device`. A few near-identical films were given the same label within a look.\n\n"
        "Counted when the labels were made, and not to be counted again from the files: 520 of "
        "the train and val films were looked at twice; any device kappa 0.89, tube 0.82, "
        "electrode 0.77, line 0.69, other 0.64, support 0.86, text 0.99.\n"
    )


def _twins() -> tuple[int, int]:
    """Pairs of byte-identical films with the same label, and all of them."""
    table = public_set.read()
    has = devices.stored()["has_device"]
    pairs = {
        tuple(sorted((row.file, twin)))
        for row in list[Any](table[table["identical_to"] != ""].itertuples())
        for twin in str(row.identical_to).split(";")
    }
    known = [(has[a], has[b]) for a, b in pairs if a in has.index and b in has.index]
    return sum(bool(a == b) for a, b in known), len(known)


def _unsure(table: pd.DataFrame) -> str:
    n = int(np.sum(table["confidence"].between(0.3, 0.6)))
    return f"{n:,} films, {n / len(table):.1%}"


def body(card: str) -> str:
    """The card without the head for dataset hosts, its headings below those of a page."""
    text = card.removeprefix(_HEAD).strip()
    return "\n".join(f"##{line}" if line.startswith("#") else line for line in text.splitlines())
