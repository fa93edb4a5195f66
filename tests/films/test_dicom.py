"""DICOM as archives really write it, shown as it is meant to be seen, and nobody's name kept."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
import warnings
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

from tests.films.dicom_maker import SECRETS, compressed, dataset, written
from xray.drawing.phantoms import phantom
from xray.errors import FilmError
from xray.films import dicom, grey
from xray.films.decode import decode

FILM = phantom(21, (80, 64)).pixels
SPREAD = (FILM - FILM.min()) / (FILM.max() - FILM.min())
TWELVE = np.round(SPREAD * 4095).astype(np.uint16)
EIGHT = np.round(SPREAD * 255).astype(np.uint8)


def shown(film: Dataset) -> np.ndarray:
    return decode(written(film), "a.dcm").pixels


def test_facts() -> None:
    film = decode(written(dataset(TWELVE, 12)), "a.dcm")
    assert (film.format, film.mode, film.height, film.width) == ("DICOM", "MONOCHROME2", 80, 64)
    assert film.pixels.dtype == np.float32
    np.testing.assert_allclose(film.pixels, SPREAD, atol=1 / 4095)


@pytest.mark.parametrize("values", [EIGHT, TWELVE, TWELVE.astype(np.int16)])
def test_monochrome1_is_inverted(values: np.ndarray) -> None:
    bits = 8 if values.dtype == np.uint8 else 13 if values.dtype.kind == "i" else 12
    straight = shown(dataset(values, bits))
    inverted = shown(dataset(values, bits, PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_allclose(inverted, 1 - straight, atol=1e-6)


def test_window_is_applied() -> None:
    film = shown(dataset(TWELVE, 12, WindowCenter=2000, WindowWidth=1000))
    # PS3.3 C.11.2.1.2.1, written out for three pixels' values.
    for stored, wanted in ((1400, 0.0), (1999.5, 0.5), (2600, 1.0)):
        near = np.abs(TWELVE - stored) < 12
        assert near.any()
        assert np.abs(film[near] - wanted).max() < 0.03


def test_window_matches_pydicom() -> None:
    from pydicom.pixels.processing import apply_windowing

    rescale = {"RescaleSlope": 2, "RescaleIntercept": -1000}
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        made = dataset(
            TWELVE, 12, WindowCenter=3000, WindowWidth=2500, VOILUTFunction=function, **rescale
        )
        reference = apply_windowing(TWELVE * 2.0 - 1000, made)
        low, high = -1000.0, 4095 * 2.0 - 1000
        np.testing.assert_allclose(shown(made), (reference - low) / (high - low), atol=2e-3)


def test_first_of_several_windows() -> None:
    one = shown(dataset(TWELVE, 12, WindowCenter=1500, WindowWidth=900))
    several = shown(dataset(TWELVE, 12, WindowCenter=[1500, 100], WindowWidth=[900, 10]))
    assert np.array_equal(one, several)


@pytest.mark.parametrize(
    "window",
    [
        {"WindowCenter": 2000, "WindowWidth": 0},
        {"WindowCenter": 2000, "WindowWidth": -5},
        {"WindowCenter": 90000, "WindowWidth": 10},
        {"WindowCenter": 2000},
        {"WindowCenter": "", "WindowWidth": ""},
        {"RescaleSlope": "", "RescaleIntercept": ""},
        {"RescaleSlope": 0, "RescaleIntercept": 0},
    ],
)
def test_useless_windows_are_ignored(window: dict[str, Any]) -> None:
    np.testing.assert_allclose(shown(dataset(TWELVE, 12, **window)), SPREAD, atol=1 / 4095)


def test_negative_slope_turns_the_film() -> None:
    film = shown(dataset(TWELVE, 12, RescaleSlope=-1, RescaleIntercept=4095))
    np.testing.assert_allclose(film, 1 - SPREAD, atol=1 / 4095)


def _table(values: np.ndarray, bits: int, first: int = 0) -> Sequence:
    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item.LUTData = [int(value) for value in values]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    return Sequence([item])


def test_voi_table_is_applied_and_preferred_to_the_window() -> None:
    curve = np.round(np.linspace(0, 1, 4096) ** 2 * 4095).astype(int)
    made = dataset(TWELVE, 12, VOILUTSequence=_table(curve, 12), WindowCenter=9, WindowWidth=9)
    np.testing.assert_allclose(shown(made), SPREAD**2, atol=2e-3)


def test_modality_table_is_applied() -> None:
    curve = 4095 - np.arange(4096)
    made = dataset(TWELVE, 12, ModalityLUTSequence=_table(curve, 16))
    made.ModalityLUTSequence[0].ModalityLUTType = "US"
    np.testing.assert_allclose(shown(made), 1 - SPREAD, atol=2e-3)


def test_raw_film_without_a_window_is_stretched() -> None:
    raw = np.round(9000 + SPREAD * 2500).astype(np.uint16)
    film = shown(dataset(raw, 16))
    assert np.corrcoef(film.ravel(), SPREAD.ravel())[0, 1] > 0.99
    assert film.max() - film.min() > 0.95


def test_overlays_in_the_unused_bits_are_cut_off() -> None:
    marked = TWELVE.copy()
    marked[10:20, 10:20] |= 0x8000
    assert np.array_equal(shown(dataset(marked, 12)), shown(dataset(TWELVE, 12)))


def test_first_of_several_frames() -> None:
    frames = np.stack([TWELVE, 4095 - TWELVE, TWELVE // 2])
    assert np.array_equal(shown(dataset(frames, 12)), shown(dataset(TWELVE, 12)))


def test_colour_film() -> None:
    film = decode(written(dataset(np.stack([EIGHT] * 3, axis=2), 8)))
    assert film.mode == "RGB"
    np.testing.assert_allclose(film.pixels, SPREAD, atol=1.1 / 255)


@pytest.mark.parametrize(
    ("values", "bits", "how"),
    [
        (EIGHT, 8, "JPEG"),
        (EIGHT, 8, "JPEG2000"),
        (TWELVE << 4, 16, "JPEG2000"),
        (EIGHT, 8, "RLE"),
        (TWELVE, 12, "RLE"),
    ],
)
def test_compressed(values: np.ndarray, bits: int, how: str) -> None:
    film = shown(compressed(values, bits, how))
    np.testing.assert_allclose(film, SPREAD, atol=0.06 if how == "JPEG" else 0.005)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_uncompressed_syntaxes(syntax: str) -> None:
    values = TWELVE.byteswap() if syntax == ExplicitVRBigEndian else TWELVE
    made = dataset(values, 12)
    made.file_meta.TransferSyntaxUID = syntax
    np.testing.assert_allclose(shown(made), SPREAD, atol=1 / 4095)


@pytest.mark.parametrize(
    ("syntax", "words"),
    [
        (JPEGLosslessSV1, "compressed as lossless JPEG"),
        (JPEGLSLossless, "compressed as JPEG-LS"),
        (DeflatedExplicitVRLittleEndian, "compressed as deflate"),
        ("1.2.840.10008.1.2.4.100", "in a form"),
        ("9.9.9", "in a form"),
    ],
)
def test_unread_compression_says_what_to_do(syntax: str, words: str) -> None:
    data = written(dataset(TWELVE, 12))
    meta = data.replace(b"1.2.840.10008.1.2.1\0", _padded(syntax), 1)
    # The length before the value (two bytes, explicit little endian) has to follow.
    at = meta.index(_padded(syntax))
    meta = meta[: at - 2] + len(_padded(syntax)).to_bytes(2, "little") + meta[at:]
    with pytest.raises(FilmError, match=words) as caught:
        decode(meta, "a.dcm")
    assert "export it as PNG or as uncompressed DICOM" in str(caught.value)


def _padded(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)


def test_no_picture() -> None:
    made = dataset(TWELVE, 12)
    del made.PixelData
    with pytest.raises(FilmError, match="without a picture"):
        shown(made)


def test_size_is_checked_before_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    for values, how in ((EIGHT, ""), (EIGHT, "JPEG2000"), (EIGHT, "RLE")):
        made = compressed(values, 8, how) if how else dataset(values, 8)
        made.Rows, made.Columns = 60000, 60000
        with pytest.raises(FilmError, match="60000 x 60000 pixels"):
            shown(made)
    monkeypatch.setattr(grey, "MAX_PIXELS", 80 * 64 - 1)
    with pytest.raises(FilmError, match="64 x 80 pixels"):
        dicom.decode(written(dataset(EIGHT, 8)), "a.dcm")


def test_a_stream_larger_than_declared_is_refused() -> None:
    made = compressed(EIGHT, 8, "JPEG2000")
    made.Rows, made.Columns = 40, 64
    with pytest.raises(FilmError, match="damaged"):
        shown(made)


def test_rle_that_unpacks_without_end_is_refused() -> None:
    header = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56)
    assert dicom._rle_overflows(header + b"\x81\x00" * 1000, 80 * 64)
    assert not dicom._rle_overflows(header + b"\x81\x00" * 40, 80 * 64)


def test_one_billion_frames() -> None:
    with pytest.raises(FilmError, match="damaged"):
        shown(dataset(EIGHT[:40], 8, NumberOfFrames=10**9, Rows=80))
    # More frames than there are costs nothing: only the first is decoded.
    many = compressed(EIGHT, 8, "JPEG2000", NumberOfFrames=10**9)
    try:
        shown(many)
    except FilmError as error:
        assert "damaged" in str(error)


BAD_ATTRIBUTES: list[dict[str, Any]] = [
    {"BitsAllocated": 12},
    {"BitsStored": 0},
    {"BitsStored": 300},
    {"SamplesPerPixel": 7},
    {"PhotometricInterpretation": "PALETTE COLOR"},
    {"PhotometricInterpretation": SECRETS[0]},
    {"PixelRepresentation": 9},
    {"NumberOfFrames": -4},
    {"RescaleSlope": "inf"},
    {"WindowCenter": "nan", "WindowWidth": "inf"},
    {"Rows": 0},
    {"PixelData": b""},
    {"PixelData": b"\0" * 7},
]


@pytest.mark.parametrize("wrong", BAD_ATTRIBUTES, ids=str)
def test_bad_attributes_are_one_sentence_or_a_film(wrong: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, about what is written here on purpose
        made = written(dataset(EIGHT, 8))
        made = written(_with(dataset(EIGHT, 8), wrong)) or made
    try:
        film = decode(made, "a.dcm")
    except FilmError as error:
        assert str(error).startswith("a.dcm ")
        assert str(error).endswith(".")
    else:
        assert np.isfinite(film.pixels).all()


def _with(film: Dataset, attributes: dict[str, Any]) -> Dataset:
    from pydicom import config

    before = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    try:
        for keyword, value in attributes.items():
            setattr(film, keyword, value)
    finally:
        config.settings.writing_validation_mode = before
    return film


def test_no_word_about_the_patient(
    caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    caplog.set_level(logging.DEBUG)
    whole = written(dataset(TWELVE, 12))
    said = [repr(decode(whole, "a.dcm"))]
    for cut in range(140, len(whole), 97):
        try:
            said.append(repr(decode(whole[:cut], "a.dcm")))
        except FilmError as error:
            said.append("".join(traceback.format_exception(error)))
    # Swap the types of elements: pydicom then meets values without sense, and would quote them.
    for old, new in ((b"PN", b"US"), (b"LO", b"DS"), (b"DA", b"IS"), (b"US", b"DS")):
        try:
            said.append(repr(decode(whole.replace(old, new), "a.dcm")))
        except FilmError as error:
            said.append("".join(traceback.format_exception(error)))
    said += [record.getMessage() for record in caplog.records]
    said += [str(warning.message) for warning in recwarn]
    for secret in SECRETS:
        assert secret not in "\n".join(said)


def test_pydicom_is_loaded_on_first_use_only() -> None:
    code = "import sys, xray.films.decode; sys.exit('pydicom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
