"""Decoding what people have."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from xray.drawing.phantoms import phantom
from xray.errors import FilmError
from xray.films import decode as films
from xray.films import grey
from xray.films.decode import decode, read

FILM = phantom(11, (96, 80)).pixels
BYTES = np.round(FILM * 255).astype(np.uint8)
PICTURE = Image.fromarray(BYTES)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def tiff(array: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **options)
    return stream.getvalue()


def rms(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA"])
def test_lossless_formats_are_exact(kind: str, mode: str) -> None:
    film = decode(saved(PICTURE.convert(mode), kind), "a film")
    assert film.format == kind
    if kind != "BMP":  # which stores a grey palette as grey, and has no alpha to speak of
        assert film.mode == mode
    assert film.pixels.dtype == np.float32
    assert (film.height, film.width) == (96, 80)
    # A palette made from grey keeps every level; RGB to grey may round by one.
    assert np.abs(film.pixels - BYTES / 255).max() <= 1.01 / 255
    assert film.jpeg_quality is None


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("WEBP", {"quality": 95}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_lossy_formats_are_near(kind: str, options: dict[str, Any]) -> None:
    film = decode(saved(PICTURE.convert("RGB"), kind, **options))
    assert film.format == kind
    assert rms(film.pixels, BYTES / 255) < 0.02


def test_facts_of_a_film() -> None:
    data = saved(PICTURE, "JPEG", quality=83)
    film = decode(data, "/home/someone/films\\a film.jpeg")
    assert film.name == "a film.jpeg"
    assert film.bytes == len(data)
    assert film.jpeg_quality == 83
    assert len(film.sha256) == 64


def test_cmyk_jpeg_is_bright_where_the_film_is() -> None:
    film = decode(saved(PICTURE.convert("RGB").convert("CMYK"), "JPEG", quality=95))
    assert film.mode == "CMYK"
    assert rms(film.pixels, BYTES / 255) < 0.02


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied(orientation: int, kind: str) -> None:
    upright = Image.fromarray(BYTES)
    # The transposition that undoes each orientation, after the EXIF standard.
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    turned = upright if stored is None else upright.transpose(stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"exif": exif}
    if kind == "TIFF":
        options = {"tiffinfo": {0x0112: orientation}}
    if kind == "WEBP":
        options["lossless"] = True
    film = decode(saved(turned.convert("RGB"), kind, **options))
    assert film.pixels.shape == (96, 80)
    assert rms(film.pixels, BYTES / 255) < 0.03
    assert film.pixels.flags.c_contiguous


def test_broken_exif_does_not_cost_the_film() -> None:
    film = decode(saved(PICTURE, "JPEG", quality=95, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"))
    assert film.pixels.shape == (96, 80)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_parts_are_black(mode: str) -> None:
    image = PICTURE.convert(mode)
    alpha = np.full((96, 80), 255, np.uint8)
    alpha[:40], alpha[40:60] = 0, 128
    image.putalpha(Image.fromarray(alpha))
    film = decode(saved(image, "PNG"))
    assert (film.pixels[:40] == 0).all()
    np.testing.assert_allclose(film.pixels[40:60], FILM[40:60] * 128 / 255, atol=0.01)
    np.testing.assert_allclose(film.pixels[60:], FILM[60:], atol=0.01)


def test_transparent_palette() -> None:
    image = PICTURE.convert("P")
    film = decode(saved(image, "PNG", transparency=int(np.asarray(image)[0, 0])))
    assert film.pixels[0, 0] == 0
    assert rms(film.pixels[50:], FILM[50:]) < 0.02


@pytest.mark.parametrize("depth", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_at_every_depth(depth: int, kind: str) -> None:
    spread = (FILM - FILM.min()) / (FILM.max() - FILM.min())
    film = decode(saved(Image.fromarray(np.round(spread * (2**depth - 1)).astype(np.uint16)), kind))
    assert film.mode.startswith("I")
    np.testing.assert_allclose(film.pixels, spread, atol=1 / 255)


def test_a_twelve_bit_film_with_a_sixteen_bit_marker_is_not_black() -> None:
    values = np.round(FILM * 4095).astype(np.uint16)
    values[:3, :3] = 65535
    film = decode(saved(Image.fromarray(values), "PNG"))
    assert 0.2 < np.median(film.pixels) < 0.8
    assert np.corrcoef(film.pixels[10:].ravel(), FILM[10:].ravel())[0, 1] > 0.99


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32, np.float32])
def test_numbers_in_tiff(dtype: Any) -> None:
    top = 1 if dtype == np.float32 else 4095
    film = decode(tiff((FILM * top).astype(dtype)))
    np.testing.assert_allclose(film.pixels, FILM, atol=0.005)


def test_white_is_zero_tiff_is_turned() -> None:
    for dtype, top in ((np.uint8, 255), (np.uint16, 65535)):
        values = np.round((1 - FILM) * top).astype(dtype)
        film = decode(tiff(values, photometric="miniswhite"))
        np.testing.assert_allclose(film.pixels, FILM, atol=0.005)


def test_numbers_that_are_none() -> None:
    values = FILM.copy()
    values[5, 5] = np.nan
    with pytest.raises(FilmError, match="no numbers"):
        decode(tiff(values))


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP"])
def test_first_of_several_frames(kind: str) -> None:
    others = [Image.fromarray(255 - BYTES).convert("RGB")] * 3
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(PICTURE.convert("RGB"), kind, save_all=True, append_images=others, **options)
    np.testing.assert_allclose(decode(data).pixels, BYTES / 255, atol=1.01 / 255)


def test_multi_picture_jpeg_is_a_jpeg() -> None:
    data = saved(PICTURE, "MPO", save_all=True, append_images=[Image.fromarray(255 - BYTES)])
    film = decode(data)
    assert film.format == "JPEG"
    assert rms(film.pixels, FILM) < 0.05


@pytest.mark.parametrize("quality", range(1, 101))
def test_jpeg_quality_is_exact_for_libjpeg(quality: int) -> None:
    assert decode(saved(PICTURE, "JPEG", quality=quality)).jpeg_quality == quality


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"PK\x03\x04....", "is an archive"),
        (b"\x1f\x8b\x08....", "is an archive"),
        (b"GIF89a....", "is a GIF"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG"),
        (b"<!DOCTYPE html><html></html>", "is a web page"),
        (b"#!/bin/sh\nrm -rf /", "is a script"),
        (b"\0\0\0\x18ftypmp42....", "is a video"),
        (b"\0\0\0\x18ftypheic....", "is a HEIC"),
        (b"\x89HDF\r\n\x1a\n", "perhaps a model"),
        (b"hello", "is a text"),
        (b"\x01\x02\x03\0\xfe", "no picture that is read here"),
        (saved(PICTURE, "PNG")[:500], "is a damaged or incomplete PNG"),
        (saved(PICTURE, "JPEG")[:700], "is a damaged or incomplete JPEG"),
        (saved(PICTURE.resize((31, 200)), "PNG"), "too few"),
        (saved(Image.new("L", (64, 64), 90), "PNG"), "one even grey"),
        (saved(PICTURE.convert("RGB"), "TIFF", compression="jpeg"), "compression"),
    ],
)
def test_errors_say_what_and_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(FilmError, match=words) as caught:
        decode(data, "upload.jpeg")
    message = str(caught.value)
    assert message.startswith("upload.jpeg ")
    assert message.endswith(".")
    assert "; " in message


def test_type_is_told_by_content_not_by_name() -> None:
    assert decode(saved(PICTURE, "PNG"), "film.dcm").format == "PNG"


def test_large_files_are_refused_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grey, "MAX_BYTES", 1000)
    with pytest.raises(FilmError, match="MB"):
        decode(saved(PICTURE, "PNG"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_large_pictures_are_refused_before_decoding(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grey, "MAX_PIXELS", 96 * 80 - 1)
    monkeypatch.setattr(films, "_grey", lambda *_: pytest.fail("decoded"))
    with pytest.raises(FilmError, match="80 x 96 pixels"):
        films.decode_here(saved(PICTURE.convert("RGB"), kind), kind, "film")


def test_progressive_jpeg_of_a_thousand_scans() -> None:
    data = saved(PICTURE, "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(FilmError, match="scans"):
        decode(data[:-2] + data[last:-2] * 1000 + data[-2:])


def test_read_refuses_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FilmError, match=r"nothing\.png is not there"):
        read(tmp_path / "nothing.png")
    with pytest.raises(FilmError, match="no file"):
        read(tmp_path)
    with pytest.raises(FilmError, match="no file"):
        read(Path("/dev/zero"))


def test_read_is_decode(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(saved(PICTURE, "PNG"))
    assert read(path).sha256 == decode(path.read_bytes()).sha256


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\a.png", "a.png"),
        ("a\nb\x1b[31m\u202egnp.exe", "a_b_[31m_gnp.exe"),
        ("", "film"),
        ("x" * 300 + ".jpeg", "x" * 60 + "..." + "x" * 12 + ".jpeg"),
    ],
)
def test_names_are_made_harmless(name: str, shown: str) -> None:
    assert films.shown_name(name) == shown


@pytest.mark.films
def test_quality_of_native_films_is_the_one_on_record(real_films: Path) -> None:
    native, facts = real_films.parent / "films_native", real_films.parent / "films.csv"
    if not native.is_dir() or not facts.is_file():
        pytest.skip("needs the native films and their facts beside XRAY_DATA")
    import pandas as pd

    known = pd.read_csv(facts).query("split == 'train'").set_index(["label", "file"]).jpeg_quality
    for path in sorted(native.rglob("*.jpeg"))[::3]:
        assert read(path).jpeg_quality == known[path.parent.name, path.name]


def test_pillow_still_has_what_the_traps_rely_on() -> None:
    """The limits of Pillow that SECURITY.md names are in force."""
    from PIL import ImageFile, PngImagePlugin

    assert Image.MAX_IMAGE_PIXELS is not None
    assert PngImagePlugin.MAX_TEXT_MEMORY <= 64 * 2**20
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
