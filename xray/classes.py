"""The two classes of a data set: names of their own, and what folders and tables call them.

A data set has a *positive* class, the one that a model's log-odds speak of, and a *negative* one.
Their names come with the data: from ``--classes`` or ``XRAY_CLASSES``, from what was stored with
the folder, or from the form in which a known set is published. Labels in tables are these names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xray.environment import cache_dir, data_dir
from xray.errors import ArtifactError, DatasetError
from xray.files import hash_json, read_json

if TYPE_CHECKING:
    import pandas as pd

#: Says the classes of every folder that has none stored with it.
VARIABLE = "XRAY_CLASSES"
#: Names that only a negative class has.
NEGATIVE_NAMES = frozenset(
    {
        *("normal", "normals", "healthy", "no finding", "no_finding", "nofinding", "no findings"),
        *("negative", "neg", "control", "controls", "clear", "none", "benign", "0", "no", "absent"),
        *("not sick", "non-tb", "non-covid", "noncovid", "non_covid", "no tb", "no covid"),
    }
)
#: Longest name of a class, in characters.
LONGEST = 60
#: Names stand within sentences, where Markdown reads them: nothing in them may be markup or lead
#: anywhere. They come from folders and tables.
_SHOWN = re.compile(r"(?!.*www\.)\w[\w ,.+()&'-]*", re.IGNORECASE)


@dataclass(frozen=True)
class Classes:
    """A negative and a positive class.

    Attributes
    ----------
    negative, positive : their names, which are the labels of films
    values : name of a folder, or value of a table's column -> ``negative`` or ``positive``

    Raises
    ------
    DatasetError
        A name cannot be shown as it is.
    """

    negative: str = "NORMAL"
    positive: str = "PNEUMONIA"
    values: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not all(len(name) <= LONGEST and _SHOWN.fullmatch(name) for name in self.labels):
            raise DatasetError(
                "The name of a class begins with a letter or digit, goes on with these, spaces "
                f"and ,.+()&'-_ and has at most {LONGEST} characters; say others by --classes."
            )

    @property
    def labels(self) -> tuple[str, str]:
        """Both names, the negative one first."""
        return self.negative, self.positive

    def label(self, value: str) -> str:
        """Label of a folder's name or a value, in any case; "" where it maps to none."""
        return self._by_name().get(fold(value), "")

    def _by_name(self) -> dict[str, str]:
        return {fold(name): label for name, label in (self.values or _same(self.labels)).items()}

    def other(self, label: str) -> str:
        """The other class."""
        return self.positive if label == self.negative else self.negative

    def as_data(self) -> dict[str, Any]:
        """As JSON-like data; :func:`from_data` reads it."""
        return {"negative": self.negative, "positive": self.positive, "values": dict(self.values)}


def fold(name: str) -> str:
    """Name without what people do not see in it: case, spaces around and underscores."""
    return " ".join(name.replace("_", " ").split()).casefold()


def _same(labels: tuple[str, str]) -> dict[str, str]:
    return {label: label for label in labels}


#: The public set's.
DEFAULT = Classes()
#: Labels inside of audits and of drawn films, whatever a data set calls its classes.
HEALTHY, SICK = DEFAULT.labels


def parse(text: str) -> Classes:
    """Read ``"well=healthy,covid=COVID-19"``: name of a folder or value = name of its class.

    Several may map to one class. Of the two classes the negative one is the one named as such
    ("normal", "healthy", "no finding", "negative", ...), else the one that is named first.

    Raises
    ------
    DatasetError
        The text is not such a list, or names more than two classes.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or any(not name.strip() or not label.strip() for name, _, label in pairs):
        raise DatasetError(
            f"{text!r} is not a class mapping; write folder=LABEL pairs with commas between, "
            "such as well=healthy,covid=COVID-19."
        )
    values = {name.strip(): label.strip() for name, _, label in pairs}
    return named(list(dict.fromkeys(values.values())), values)


def named(labels: list[str], values: Mapping[str, str] | None = None) -> Classes:
    """Classes of one or two names; the other takes its default where only one is named.

    Raises
    ------
    DatasetError
        There are more than two names, or one cannot be shown.
    """
    if len(labels) > 2:
        raise DatasetError(
            f"{', '.join(labels)} are more than two classes; map several names to one of two, "
            "such as bacteria=sick,virus=sick,none=healthy."
        )
    healthy = [label for label in labels if fold(label) in _NEGATIVE]
    if len(labels) == 1:
        made = (labels[0], DEFAULT.positive) if healthy else (DEFAULT.negative, labels[0])
    elif len(healthy) == 1:
        made = (healthy[0], next(label for label in labels if label != healthy[0]))
    else:
        made = (labels[0], labels[1])
    return Classes(*made, values=dict(values or {}))


def of_labels(labels: Iterable[str]) -> Classes:
    """Classes of a table that holds these labels and does not say which is positive."""
    found = sorted(set(labels) - {""})
    return DEFAULT if set(found) <= set(DEFAULT.labels) else named(found)


_NEGATIVE = frozenset(map(fold, NEGATIVE_NAMES))


def is_negative(name: str) -> bool:
    """Whether a name can only be that of a negative class."""
    return fold(name) in _NEGATIVE


def from_data(value: Any) -> Classes:
    """Read what :meth:`Classes.as_data` gave.

    Raises
    ------
    DatasetError
        It is something else.
    """
    try:
        negative, positive = str(value["negative"]), str(value["positive"])
        values = {str(name): str(label) for name, label in dict(value["values"]).items()}
        if negative == positive or set(values.values()) - {negative, positive}:
            raise ValueError("labels that are no class")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            f"The stored class names cannot be used ({error}); say them again with --classes."
        ) from error
    return Classes(negative, positive, values)


def configured() -> Classes | None:
    """What ``XRAY_CLASSES`` says; None where it says nothing.

    Raises
    ------
    DatasetError
        It is no class mapping.
    """
    value = os.environ.get(VARIABLE, "")
    return parse(value) if value.strip() else None


#: What is remembered of a folder, where the folder may be written.
FILE = "collection.json"


def home(folder: Path) -> Path:
    """Where is remembered what cannot be written into the folder."""
    return cache_dir() / f"collection-{hash_json([str(folder.resolve())])[:16]}.json"


def remembered(folder: Path) -> dict[str, Any] | None:
    """What was said of a folder once (``xray.dataset.listing``); None where nothing was.

    Raises
    ------
    DatasetError
        It is damaged.
    """
    path = next((each for each in (folder / FILE, home(folder)) if each.is_file()), None)
    if path is None:
        return None
    try:
        value = read_json(path)
        if not isinstance(value, dict):
            raise TypeError("no object")
        if "classes" in value:
            from_data(value["classes"])
        elif "table" not in value:
            raise KeyError("table")
        return value
    except (ArtifactError, KeyError, TypeError, DatasetError) as error:
        raise unusable(path) from error


def unusable(path: Path) -> DatasetError:
    """The error of a file that was to say how a folder is read."""
    return DatasetError(
        f"{path} does not say how the films are listed; write it again with "
        "'python -m xray index FOLDER --table FILE', or remove it."
    )


def stored(folder: Path) -> Classes | None:
    """Class names that were said of a folder once; None where none were.

    Raises
    ------
    DatasetError
        What was said is damaged.
    """
    kept = remembered(folder)
    return None if kept is None or "classes" not in kept else from_data(kept["classes"])


def around(film: Path) -> Classes | None:
    """Class names that were said of the folder of a film, or of one around it; None of none.

    Raises
    ------
    DatasetError
        What was said is damaged.
    """
    film = film.resolve()
    said = (stored(folder) for folder in (film, *film.parents) if folder.is_dir())
    return next(filter(None, said), None)


def of_server() -> Classes | None:
    """Class names that were stored with the first folder of ``XRAY_DATA``; None without any."""
    try:
        folder = data_dir()
        return None if folder is None else stored(folder)
    except DatasetError:
        # The Dataset pages tell what is wrong with a folder.
        return None


_CURRENT: ContextVar[Classes | None] = ContextVar("classes", default=None)


def current() -> Classes:
    """Classes of the data set that a command or page shows."""
    return _CURRENT.get() or configured() or DEFAULT


def use(classes: Classes | None) -> None:
    """Say which data set a command or page shows from here on; None: the default."""
    _CURRENT.set(classes)


def positive() -> str:
    """Name of the positive class of the data set in hand."""
    return current().positive


def negative() -> str:
    """Name of the negative class of the data set in hand."""
    return current().negative


def is_default() -> bool:
    """Whether the data set in hand has the public set's classes; what is said of that set alone
    is said of no other.
    """
    return current().labels == DEFAULT.labels


def spoken() -> str:
    """Name of the positive class within a sentence: the public set's in small letters."""
    name = positive()
    return name.lower() if name == DEFAULT.positive else name


def side(name: str) -> bool:
    """Whether a class is the positive one; "" is."""
    return not name or (name != negative() and not is_negative(name))


def is_positive(labels: pd.Series) -> pd.Series:
    """Which labels are the positive class: of the data set in hand, or of their own names."""
    return labels == fitting(labels.unique().tolist()).positive


def fitting(labels: Iterable[str]) -> Classes:
    """Classes of films of these labels: those of the data set in hand where they are its."""
    found = set(map(str, labels)) - {""}
    return current() if found <= set(current().labels) else of_labels(found)


@contextmanager
def using(classes: Classes | None) -> Iterator[None]:
    """Show a data set for a while."""
    token = _CURRENT.set(classes)
    try:
        yield
    finally:
        _CURRENT.reset(token)
