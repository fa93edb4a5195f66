"""Get the public dataset by kagglehub or out of an archive: checked, and placed whole or not."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from xray import classes
from xray.dataset import public_set, scan, walk
from xray.errors import DatasetError
from xray.films.grey import MAX_BYTES
from xray.jobs.progress import Progress

#: Kermany et al. 2018, Mendeley Data, version 2, ChestXRay2017.zip (CC BY 4.0).
PAGE = "https://data.mendeley.com/datasets/rscbjbr9sj/2"
KAGGLE = "paultimothymooney/chest-xray-pneumonia"

#: More than this is not the dataset: files in the archive, and bytes when unpacked.
MOST_FILES, MOST_BYTES = 50_000, 6_000_000_000

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Expected:
    """What the dataset is known to hold.

    Attributes
    ----------
    places : (label, file name) -> split, where every film belongs
    sizes : file ("split/label/name") -> bytes, of the films of which it is known
    """

    places: Mapping[tuple[str, str], str]
    sizes: Mapping[str, int]

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """(split, label) -> films."""
        return Counter((split, label) for (label, _), split in self.places.items())


@dataclass(frozen=True)
class Fetched:
    """What ``fetch`` did.

    Attributes
    ----------
    folder : where the films lie
    films : how many
    warnings : sentences for people
    """

    folder: Path
    films: int
    warnings: tuple[str, ...]


def expected() -> Expected:
    """Know the public set from its committed facts."""
    table = public_set.read()
    places = zip(table["label"], table["name"], table["split"], strict=True)
    sized = table[table["bytes"].notna()]
    return Expected(
        {(str(label), str(name)): str(split) for label, name, split in places},
        {str(file): int(size) for file, size in zip(sized["file"], sized["bytes"], strict=True)},
    )


def fetch(
    to: Path,
    archive: Path | None = None,
    known: Expected | None = None,
    stage: Callable[[str], Progress | None] = lambda _: None,
) -> Fetched:
    """Get the dataset from Kaggle (or out of an archive), check it and place its films.

    Parameters
    ----------
    to : folder that will hold train, val and test; it appears when everything is right
    archive : a zip that somebody downloaded, in place of Kaggle's
    known : what the dataset must hold; the public set when None
    stage : called with the name of each stretch of work, gives its progress callback

    Raises
    ------
    DatasetError
        Refused, damaged, not the dataset, or the folder is in use; says what to do.
    """
    known = known or expected()
    to = Path(to)
    _check_free(to)
    if archive is None:
        folder = _from_kaggle()
        return _install(to, known, lambda inside: _copied(folder, inside, stage("copy")))
    if not archive.is_file():
        raise DatasetError(f"There is no archive {archive}; check the path.")
    return _install(to, known, lambda inside: unpack(archive, inside, known, stage("unpack")))


def _from_kaggle() -> Path:
    """Folder of kagglehub's cache; what a broken download left is gone on from."""
    import kagglehub

    try:
        return Path(kagglehub.dataset_download(KAGGLE))
    # kagglehub raises whatever its HTTP library does.
    except Exception as error:
        raise DatasetError(f"Kaggle refused the download ({error}). {advice()}") from error


def _copied(folder: Path, inside: Path, progress: Progress | None) -> None:
    """Copy the films of a folder into split/label folders."""
    films = scan.scan(folder).films
    for done, film in enumerate(films, start=1):
        target = inside / film.split / film.label / PurePosixPath(film.path).name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / film.path, target)
        if progress:
            progress(done, len(films))


def advice() -> str:
    """What to do when a download is refused."""
    return (
        f"You can download ChestXRay2017.zip in a browser from {PAGE} (or the archive of "
        f"https://www.kaggle.com/datasets/{KAGGLE}) and run: "
        "python -m xray fetch --archive FILE.zip"
    )


def unpack(archive: Path, folder: Path, known: Expected, progress: Progress | None = None) -> None:
    """Unpack the films of an archive into split/label folders; nothing else leaves it.

    Where a film goes is decided by its class folder and its name alone, never by a path of the
    archive. The archive of Mendeley has the 16 validation films of Kaggle's split among its
    train films; they go where Kaggle has them.

    Raises
    ------
    DatasetError
        Not a zip, damaged, or made to do harm.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened)
            for done, (member, split, label) in enumerate(members, start=1):
                name = PurePosixPath(member.filename).name
                target = folder / known.places.get((label, name), split) / label / name
                target.parent.mkdir(parents=True, exist_ok=True)
                # A copy of the dataset inside the dataset, as Kaggle's archive has one.
                if not target.exists():
                    _copy(opened, member, target)
                if progress:
                    progress(done, len(members))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DatasetError(
            f"{archive.name} is not a whole zip archive ({error}); download it again."
        ) from error


def check(folder: Path, known: Expected) -> tuple[str, ...]:
    """Check counts and sizes of the films in a folder.

    Returns
    -------
    Sentences about films that differ from the set as it was distributed; empty when none does

    Raises
    ------
    DatasetError
        A count of a split and class is not as known.
    """
    films = scan.scan(folder, classes.named(sorted({label for _, label in known.counts}))).films
    counts = Counter((film.split, film.label) for film in films)
    wrong = [
        f"{split or 'no split'} {label}: {counts[split, label]:,} instead of {n:,}"
        for split, label in sorted(set(counts) | set(known.counts))
        if counts[split, label] != (n := known.counts[split, label])
    ]
    if wrong:
        raise DatasetError(
            f"The films are not the public dataset ({'; '.join(wrong)}); nothing was placed. "
            "Download it again, or index your own folder with: python -m xray index FOLDER"
        )
    unknown = [film for film in films if known.places.get(_key(film)) != film.split]
    other = [film for film in films if known.sizes.get(film.file, film.bytes) != film.bytes]
    warnings = []
    if unknown:
        warnings.append(
            f"{len(unknown):,} films have other names than in Kaggle's split; what is known of "
            f"films by name does not apply to them (the first is {unknown[0].file})."
        )
    if other:
        warnings.append(
            f"{len(other):,} of {len(known.sizes):,} films whose size is known have another size: "
            "this is a copy that was compressed again, and native facts do not apply."
        )
    return tuple(warnings)


def _key(film: scan.Found) -> tuple[str, str]:
    return film.label, PurePosixPath(film.path).name


def _check_free(to: Path) -> None:
    """Refuse a folder in which something lies already."""
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise DatasetError(
            f"{to} is in use; point XRAY_DATA at it if it holds the films, or choose another "
            "folder with --to."
        )


def _install(to: Path, known: Expected, fill: Callable[[Path], None]) -> Fetched:
    """Fill a folder beside ``to``, check it, and let it appear at once."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{to.name}-", dir=to.parent) as beside:
        inside = Path(beside) / to.name
        inside.mkdir()
        fill(inside)
        warnings = check(inside, known)
        if to.exists():
            to.rmdir()
        inside.replace(to)
    return Fetched(to, sum(known.counts.values()), warnings)


def _members(archive: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, str, str]]:
    """Films of an archive with split and label by their folders; refuses traps."""
    entries = archive.infolist()
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise DatasetError(
            f"The archive would unpack to {len(entries):,} files and "
            f"{sum(entry.file_size for entry in entries) / 1e9:,.1f} GB, far more than the "
            "dataset; check where it comes from."
        )
    films = []
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
            raise DatasetError(
                f"The archive holds a path that leads out of it ({entry.filename!r}); check where "
                "it comes from."
            )
        if entry.is_dir() or walk.IGNORED & set(path.parts) or path.name.startswith("."):
            continue
        if stat.S_ISLNK(entry.external_attr >> 16) or path.suffix.lower() not in walk.SUFFIXES:
            continue
        where = scan.place(path.as_posix())
        if where is None:
            continue
        if entry.file_size > MAX_BYTES:
            raise DatasetError(
                f"The archive holds a film of {entry.file_size / 1e6:,.0f} MB "
                f"({path.name}), more than any film; check where it comes from."
            )
        films.append((entry, where[0], where[1]))
    return films


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Unpack one film; its checksum is checked on the way, its size never trusted."""
    written = 0
    with archive.open(member) as source, open(target, "xb") as stream:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > member.file_size:
                raise DatasetError(
                    f"The archive lies about the size of {target.name}; check where it comes from."
                )
            stream.write(block)
