"""Suspects: what a model may read instead of lungs, each an intervention with its sham.

Every suspect answers one question: what does this change do to the log-odds of PNEUMONIA,
beyond what a sham does that changes the film as much without the suspected thing?
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.drawing import devices as draw
from xray.drawing import removal, shams
from xray.films.lungs import Lungs
from xray.films.pixels import Pixels

Mask = NDArray[np.bool_]
Family = Literal["device", "text", "acquisition"]
#: Drawings of each kind of device, and of lettering, into each film. Where one comes to lie and how
#: it looks moves a model more than which film it lies in. Further drawings therefore narrow an
#: interval as further films would, which a test split does not have.
DRAWS = 3
#: Which films a suspect is tried on: those without devices, those with marked ones, or all.
Needs = Literal["free", "marked", "any"]


@dataclass(frozen=True, eq=False)
class Subject:
    """A film under test: (H, W) grey in [0, 1], its lungs, and its marked devices if any."""

    film: Pixels
    lungs: Lungs
    devices: Mask | None = None


@dataclass(frozen=True, eq=False)
class Trial:
    """A film changed, and changed as much without the suspected thing; (H, W) in [0, 1] each.

    ``mask`` and ``sham_mask`` mark where, for changes that have a place.
    """

    treated: Pixels
    sham: Pixels
    mask: Mask | None = None
    sham_mask: Mask | None = None


Apply = Callable[[Subject, np.random.Generator], Trial | None]


@dataclass(frozen=True)
class Suspect:
    """One intervention and its sham.

    Attributes
    ----------
    test : str
        "insertion", "removal" or the name of another change.
    kind : str
        What is inserted, removed or changed.
    sign : int
        +1 when the change adds the suspected thing, -1 when it takes it away: an effect is
        positive when the thing pushes toward PNEUMONIA.
    question : str
        The question in plain words.
    draws : int
        How often it is tried on each film, differently each time.
    """

    test: str
    kind: str
    family: Family
    needs: Needs
    sign: int
    question: str
    apply: Apply
    draws: int = 1

    @property
    def name(self) -> str:
        """Name that tells it from all others."""
        return f"{self.test}:{self.kind}"


def _insert(kind: str) -> Apply:
    def apply(subject: Subject, rng: np.random.Generator) -> Trial:
        drawn = draw.draw(subject.film, kind, rng, "test", subject.lungs)
        return _against_brightness(subject.film, drawn, rng)

    return apply


def _against_brightness(film: Pixels, drawn: draw.Drawn, rng: np.random.Generator) -> Trial:
    mask = drawn.mask > 0.3
    return Trial(drawn.film, shams.brightness(film, drawn.delta, rng), mask)


def _remove(subject: Subject, rng: np.random.Generator) -> Trial | None:
    mask = subject.devices
    if mask is None or not mask.any() or mask.mean() > 0.25:
        # A quarter of the film filled in is another film, not this one without its devices.
        return None
    elsewhere = shams.moved(mask, rng, mask, subject.film)
    return Trial(
        removal.inpaint(subject.film, mask),
        removal.inpaint(subject.film, elsewhere),
        mask,
        elsewhere,
    )


def _marker(subject: Subject, rng: np.random.Generator) -> Trial:
    return _against_brightness(subject.film, draw.marker(subject.film, rng), rng)


def _text(subject: Subject, rng: np.random.Generator) -> Trial:
    return _against_brightness(subject.film, draw.text(subject.film, rng), rng)


def bright_marks(film: Pixels) -> Mask:
    """Find small bright marks in the outer parts of a film: side markers and burned-in text.

    Marks are what a white top-hat of 7 % of the side lifts above the film's bright end, within
    the outer fifth, of the size of letters. (H, W) bool; empty where there is none.
    """
    height, width = film.shape
    side = max(3, round(0.07 * min(height, width)) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    lifted = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, kernel)
    candidate = ((lifted > 0.25) & (film > 0.6)).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(candidate)
    found = np.zeros(film.shape, bool)
    for i in range(1, count):
        x, y = centres[i][0] / width, centres[i][1] / height
        area = stats[i, cv2.CC_STAT_AREA] / film.size
        if min(x, 1 - x, y, 1 - y) < 0.2 and 1e-4 < area < 5e-3:
            found |= labels == i
    return found


def _unmark(subject: Subject, rng: np.random.Generator) -> Trial | None:
    mask = bright_marks(subject.film)
    if subject.devices is not None:
        mask &= ~subject.devices
    if not mask.any():
        return None
    elsewhere = shams.moved(mask, rng, mask, subject.film)
    return Trial(
        removal.inpaint(subject.film, mask),
        removal.inpaint(subject.film, elsewhere),
        mask,
        elsewhere,
    )


def _zoomed(film: Pixels, down: float, across: float) -> Pixels:
    """Stretch about the centre and crop back to the same size."""
    height, width = film.shape
    move = np.array(
        [[across, 0, (1 - across) * (width - 1) / 2], [0, down, (1 - down) * (height - 1) / 2]]
    )
    out = cv2.warpAffine(film, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.clip(out, 0, 1).astype(np.float32)


def _aspect(subject: Subject, rng: np.random.Generator) -> Trial:
    """Squash as a wider film is squashed: pneumonias are 1.52 wide to high, normals 1.25.

    The sham stretches both ways alike and loses as much at the edges.
    """
    stretch = 1.52 / 1.25 * rng.uniform(0.95, 1.05)
    both = float(np.sqrt(stretch))
    return Trial(_zoomed(subject.film, stretch, 1.0), _zoomed(subject.film, both, both))


def jpeg(film: Pixels, quality: int) -> Pixels:
    """Write a film as JPEG and read it again: (H, W) in [0, 1], quality 1..100."""
    levels = np.rint(film * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)
    return back / np.float32(255)


def _recompress(subject: Subject, rng: np.random.Generator) -> Trial:
    """Qualities of the two classes as distributed: pneumonias about 75, normals about 96."""
    return Trial(jpeg(subject.film, 75), jpeg(subject.film, 96))


def _border(subject: Subject, rng: np.random.Generator) -> Trial:
    """Shrink the film into a black frame; the sham fills the frame with mirrored film."""
    height, width = subject.film.shape
    shrink = float(rng.uniform(0.88, 0.94))
    mirrored = _zoomed(subject.film, shrink, shrink)
    framed = mirrored.copy()
    top, left = round((1 - shrink) / 2 * height), round((1 - shrink) / 2 * width)
    inner = np.zeros(framed.shape, bool)
    inner[top : height - top, left : width - left] = True
    framed[~inner] = 0
    return Trial(framed, mirrored, ~inner)


def _brighten(subject: Subject, rng: np.random.Generator) -> Trial:
    """Brighten all of the film; there is no sham for a change of everything but the film."""
    return Trial(np.clip(subject.film + np.float32(0.08), 0, 1), subject.film)


_KIND_WORDS = {
    "electrode": "an electrode with its lead",
    "tube": "a breathing or feeding tube",
    "central_line": "a central line",
    "cable": "an external cable",
    "pad": "a defibrillator-like pad",
    "clip": "a clip or snap",
    "support": "the edge of a support or sandbag",
}

SUSPECTS: tuple[Suspect, ...] = (
    *(
        Suspect("insertion", kind, "device", "free", 1, f"What does {words} add?", _insert(kind),
                DRAWS)
        for kind, words in _KIND_WORDS.items()
    ),
    Suspect("removal", "labelled", "device", "marked", -1, "What do its own devices add?", _remove),
    Suspect("insertion", "marker", "text", "any", 1, "What does a side marker add?", _marker),
    Suspect("insertion", "text", "text", "any", 1, "What does burned-in text add?", _text,
            DRAWS),
    Suspect("removal", "marks", "text", "any", -1, "What do its own bright marks add?", _unmark),
    Suspect("stretch", "aspect", "acquisition", "any", 1, "Does the squash of a wide film count?",
            _aspect),
    Suspect("recompression", "jpeg", "acquisition", "any", 1, "Does JPEG quality 75 count?",
            _recompress),
    Suspect("framing", "border", "acquisition", "any", 1, "Does a black border count?", _border),
    Suspect("exposure", "brightness", "acquisition", "any", 1, "Does a brighter film count?",
            _brighten),
)  # fmt: skip
