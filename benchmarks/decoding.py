"""What it costs that films from outside are decoded in a process of their own.

    python -m benchmarks.decoding [FOLDER] [--json FILE]

Films made here, from a small JPEG to the largest DICOM that is read, each decoded in this process
and in the one that waits for it, in turns. "added" is the difference in milliseconds, to stay
below 50; the largest film is honest but rarer than any. Then the films of FOLDER (XRAY_DATA; or
some made here) by a thread: as ``index`` and ``evaluate`` read them, every one through the
process, and every one without.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from benchmarks._common import best, parser, report
from xray.dataset.scan import scan
from xray.drawing import phantoms
from xray.environment import data_dir
from xray.errors import XrayError
from xray.files import sha256_bytes
from xray.films import decode, decoder, formats
from xray.films.pixels import as_float

#: Films of a folder that are read in one measurement.
MANY = 300


def made() -> dict[str, bytes]:
    """Honest films of the kinds and sizes that people have."""
    film = phantoms.phantom(3, (448, 448)).pixels

    def levels(width: int, height: int, top: int) -> np.ndarray:
        grown = np.asarray(Image.fromarray(film).resize((width, height)))
        # Detectors have noise, which is what makes their files large.
        noise = np.random.default_rng(0).normal(0, 0.01, grown.shape).astype(np.float32)
        return np.clip(np.round((grown + noise) * top), 0, top)

    def saved(values: np.ndarray, kind: str) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(values.astype(np.uint8)).save(stream, kind)
        return stream.getvalue()

    return {
        "JPEG of 224 x 224": saved(levels(224, 224, 255), "JPEG"),
        "JPEG of 1400 x 1000": saved(levels(1400, 1000, 255), "JPEG"),
        "PNG of 3000 x 2500": saved(levels(3000, 2500, 255), "PNG"),
        "DICOM of 3000 x 2500, 12 bits": dicom(levels(3000, 2500, 4095)),
        "DICOM of 4280 x 3520, 12 bits": dicom(levels(4280, 3520, 4095)),
    }


def dicom(values: np.ndarray) -> bytes:
    """Uncompressed DICOM of 12 bits, with a window."""
    out = Dataset()
    out.file_meta = FileMetaDataset()
    out.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out.SOPClassUID = DigitalXRayImageStorageForPresentation
    out.SOPInstanceUID = generate_uid()
    out.Rows, out.Columns = values.shape
    out.SamplesPerPixel, out.PhotometricInterpretation = 1, "MONOCHROME2"
    out.BitsAllocated, out.BitsStored, out.HighBit, out.PixelRepresentation = 16, 12, 11, 0
    out.WindowCenter, out.WindowWidth = 2048, 4096
    out.PixelData = values.astype(np.uint16).tobytes()
    out["PixelData"].VR = "OW"
    stream = io.BytesIO()
    out.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def here(data: bytes) -> np.ndarray:
    """Pixels of a film with all that ``decode.decode`` does, but without another process."""
    kind = formats.picture_format(data)
    assert kind is not None
    levels = decode.decode_here(data, kind, "film").levels
    assert levels.min() < levels.max() and sha256_bytes(data)
    return as_float(levels)


def single(name: str, data: bytes, repeats: int) -> dict[str, Any]:
    """One film both ways."""
    seconds = best({"here": lambda: here(data), "process": lambda: decode.decode(data)}, repeats)
    return {
        "film": name,
        "MB": round(len(data) / 1e6, 2),
        "here_ms": round(1e3 * seconds["here"], 2),
        "process_ms": round(1e3 * seconds["process"], 2),
        "added_ms": round(1e3 * (seconds["process"] - seconds["here"]), 2),
    }


def folder(path: Path, repeats: int) -> dict[str, float]:
    """Seconds that the films of a folder take, each way."""
    found = [path / film.path for film in scan(path).films]
    chosen = [found[i] for i in np.linspace(0, len(found) - 1, min(MANY, len(found))).astype(int)]
    return best(
        {
            "here": lambda: [here(file.read_bytes()) for file in chosen],
            "own": lambda: [decode.read(file, own=True) for file in chosen],
            "process": lambda: [decode.read(file) for file in chosen],
        },
        repeats,
    )


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__)
    arguments.add_argument("folder", nargs="?", type=Path, default=data_dir())
    arguments.add_argument("--repeats", type=int, default=7)
    options = arguments.parse_args()
    decoder.warm()
    rows = [single(name, data, options.repeats) for name, data in made().items()]
    with tempfile.TemporaryDirectory() as place:
        if options.folder is None:
            phantoms.write_dataset(Path(place), n_train=60, n_val=8, n_test=16, seed=1)
        many = folder(options.folder or Path(place), max(1, options.repeats // 2))
    report(
        "decoding",
        rows,
        {
            "most added (ms)": max(row["added_ms"] for row in rows),
            "films of a folder, as they are read over decoding only": many["own"] / many["here"],
            "films of a folder, all by the process over decoding only": many["process"]
            / many["here"],
        },
        options.json,
    )


if __name__ == "__main__":
    try:
        main()
    except XrayError as error:
        sys.exit(f"error: {error}")
