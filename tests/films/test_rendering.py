"""Stored values of DICOM films to greys, against what pydicom or plain arithmetic makes of them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.films.dicom_maker import dataset, written
from xray.drawing.phantoms import phantom
from xray.errors import FilmError
from xray.films.decode import decode

FILM = phantom(21, (80, 64)).pixels
SPREAD = (FILM - FILM.min()) / (FILM.max() - FILM.min())
TWELVE = np.round(SPREAD * 4095).astype(np.uint16)
CURVE = np.round(np.linspace(0, 1, 4096) ** 2 * 4095).astype("<u2")


def shown(film: Dataset) -> np.ndarray:
    return decode(written(film), "a.dcm").pixels


def table(data: Any, vr: str, descriptor: tuple[int, int, int] = (4096, 0, 12)) -> Sequence:
    item = Dataset()
    item.LUTDescriptor = list(descriptor)
    item["LUTDescriptor"].VR = "US"
    item.LUTData = data
    item["LUTData"].VR = vr
    return Sequence([item])


@pytest.mark.parametrize("vr", ["OW", "US", "UN"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
def test_tables_in_any_vr(vr: str, syntax: str, keyword: str) -> None:
    data = CURVE.tolist() if vr == "US" else CURVE.tobytes()
    film = dataset(TWELVE, 12, **{keyword: table(data, vr)})
    film.file_meta.TransferSyntaxUID = syntax
    np.testing.assert_allclose(shown(film), SPREAD**2, atol=2e-3)


def test_a_table_of_bytes_and_one_of_a_part_of_the_values() -> None:
    eight = np.round(np.linspace(255, 0, 256)).astype(np.uint8)
    values = np.round(SPREAD * 255).astype(np.uint8)
    packed = dataset(values, 8, VOILUTSequence=table(eight.tobytes(), "OW", (256, 0, 8)))
    np.testing.assert_allclose(shown(packed), 1 - SPREAD, atol=1 / 128)
    half = np.arange(2048, dtype="<u2")
    part = dataset(TWELVE, 12, VOILUTSequence=table(half.tobytes(), "OW", (2048, 1024, 11)))
    wanted = np.clip(TWELVE.astype(float) - 1024, 0, 2047) / 2047
    np.testing.assert_allclose(shown(part), wanted, atol=1e-3)


@pytest.mark.parametrize(("stored", "high"), [(12, 15), (10, 13), (12, 12), (8, 15), (15, 15)])
@pytest.mark.parametrize("signed", [False, True])
def test_high_bit_is_honoured(stored: int, high: int, signed: bool) -> None:
    top = 2**stored - 1
    values = np.round(SPREAD * top).astype(np.int64) - (2 ** (stored - 1) if signed else 0)
    raw = ((values & top) << (high + 1 - stored)).astype(np.uint16)
    film = dataset(raw.view(np.int16) if signed else raw, stored, HighBit=high)
    np.testing.assert_allclose(shown(film), SPREAD, atol=2 / top)


@pytest.mark.parametrize("extra", [1, 2, 4])
@pytest.mark.parametrize("signed", [False, True])
def test_values_beyond_the_bits_stored_are_refused(extra: int, signed: bool) -> None:
    values = np.round(SPREAD * (2 ** (11 + extra) - 1)).astype(np.int16 if signed else np.uint16)
    with pytest.raises(FilmError, match="more than the 11 bits"):
        shown(dataset(values, 11))


def test_what_does_not_vary_beyond_the_bits_is_cut_off() -> None:
    straight = shown(dataset(TWELVE, 12))
    assert np.array_equal(shown(dataset(TWELVE | 0x7000, 12)), straight)
    overlay = TWELVE.copy()
    overlay[10:20] |= 0x1000
    film = dataset(overlay, 12)
    film.add_new(0x60000102, "US", 12)
    assert np.array_equal(shown(film), straight)
    low = (TWELVE.astype(np.int32) - 2048).astype(np.int16)
    np.testing.assert_allclose(shown(dataset(low, 12)), SPREAD, atol=1 / 4000)
    unfilled = dataset(low & 0x0FFF, 12, PixelRepresentation=1)
    np.testing.assert_allclose(shown(unfilled), SPREAD, atol=1 / 4000)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    ("kind", "bits", "value", "more"),
    [
        (np.int16, 16, -32768, {}),
        (np.uint16, 16, 65535, {}),
        (np.uint16, 12, 65535, {}),
        (np.uint16, 12, 4095, {}),
        (np.uint16, 12, 0, {}),
        (np.int16, 16, -2000, {"PixelPaddingRangeLimit": -1500}),
        (np.uint16, 16, 63000, {"PixelPaddingRangeLimit": 60000}),
    ],
)
def test_padding_is_black_and_out_of_the_scale(
    photometric: str, kind: type, bits: int, value: int, more: dict[str, int]
) -> None:
    # Inside a film of its own range, which must come out as if there were no padding.
    values = np.round(200 + SPREAD * 3500).astype(kind)
    plain = shown(dataset(values, bits, PhotometricInterpretation=photometric))
    padded = values.copy()
    padded[:, :9] = padded[70:] = value
    made = dataset(
        padded, bits, PhotometricInterpretation=photometric, PixelPaddingValue=value, **more
    )
    for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
        if keyword in made:
            made[keyword].VR = "SS" if kind is np.int16 else "US"
    film = shown(made)
    assert (film[:, :9] == 0).all() and (film[70:] == 0).all()
    inside = (film[:70, 9:].ravel(), plain[:70, 9:].ravel())
    assert np.corrcoef(*inside)[0, 1] > 0.999


def test_a_film_that_is_padding_or_even_grey_is_refused() -> None:
    even = np.full((80, 64), 7, np.uint16)
    even[:20] = 4095
    with pytest.raises(FilmError, match="one even grey"):
        shown(dataset(even, 12, PixelPaddingValue=4095))


@pytest.mark.parametrize(
    ("photometric", "shape", "turned"),
    [
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME1", "", True),
    ],
)
def test_presentation_shape(photometric: str, shape: str, turned: bool) -> None:
    film = dataset(TWELVE, 12, PhotometricInterpretation=photometric, PresentationLUTShape=shape)
    np.testing.assert_allclose(shown(film), 1 - SPREAD if turned else SPREAD, atol=1 / 4000)


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
@pytest.mark.parametrize("meta", [False, True])
def test_files_without_preamble_or_meta_header(syntax: str, meta: bool) -> None:
    film = dataset(TWELVE.byteswap() if syntax == ExplicitVRBigEndian else TWELVE, 12)
    film.file_meta.TransferSyntaxUID = syntax
    whole = written(film)
    if meta:
        data = whole[132:]
    else:
        stream = io.BytesIO()
        little, implicit = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
        del film.file_meta
        film.save_as(stream, implicit_vr=implicit, little_endian=little)
        data = stream.getvalue()
        assert data[128:132] != b"DICM"
    got = decode(data, "IM0001")
    assert got.format == "DICOM"
    np.testing.assert_array_equal(got.pixels, decode(whole, "a").pixels)


def test_texts_and_noise_are_no_bare_dicom() -> None:
    rng = np.random.default_rng(0)
    for data in (b"\x08\0words and more words" * 40, b"\x08\0\x05\0" * 99, b"\x02\0\0\0UL"):
        with pytest.raises(FilmError):
            decode(data, "a")
    for _ in range(300):
        with pytest.raises(FilmError):
            decode(b"\x08\0" + rng.bytes(400), "a")


def truth(data: bytes) -> np.ndarray:
    """What pydicom shows of a file: its modality and VOI steps, its polarity."""
    film = dcmread(io.BytesIO(data))
    values = apply_voi_lut(apply_modality_lut(film.pixel_array, film), film).astype(float)
    return -values if film.PhotometricInterpretation == "MONOCHROME1" else values


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    "more",
    [
        {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": 2500, "WindowWidth": 3000},
        {"WindowCenter": [1800, 300], "WindowWidth": [1500, 20]},
        {"WindowCenter": 1800, "WindowWidth": 1500, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 1800, "WindowWidth": 1500, "VOILUTFunction": "LINEAR_EXACT"},
        {"VOILUTSequence": table(CURVE.tolist(), "US"), "WindowCenter": 5, "WindowWidth": 5},
        {"ModalityLUTSequence": table((4095 - CURVE).tolist(), "US", (4096, 0, 16))},
        {"RescaleSlope": -1, "RescaleIntercept": 4095},
    ],
)
def test_pictures_are_those_of_pydicom(photometric: str, more: dict[str, Any]) -> None:
    data = written(dataset(TWELVE, 12, PhotometricInterpretation=photometric, **more))
    got = decode(data, "a").pixels
    assert np.corrcoef(got.ravel(), truth(data).ravel())[0, 1] > 0.9999
