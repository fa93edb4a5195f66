"""What a file is, by its first bytes; never by its name."""

from __future__ import annotations

import struct

from xray.films.dicom import is_dicom

#: Prefix -> Pillow's name of a picture format that is read.
_PICTURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
}

#: Prefix -> what people call such a file, and what to do with it.
_OTHERS = {
    b"GIF8": ("a GIF", "save it as PNG"),
    b"8BPS": ("a Photoshop file", "save it as PNG"),
    b"\0\0\0\x0cjP  ": ("a JPEG 2000 file", "save it as PNG"),
    b"\xff\x4f\xff\x51": ("a JPEG 2000 file", "save it as PNG"),
    b"II+\0": ("a BigTIFF", "save it as a plain TIFF or PNG"),
    b"MM\0+": ("a BigTIFF", "save it as a plain TIFF or PNG"),
    b"PK\x03\x04": ("an archive", "unpack it and use the film inside"),
    b"PK\x05\x06": ("an archive", "unpack it and use the film inside"),
    b"\x1f\x8b": ("an archive", "unpack it and use the film inside"),
    b"BZh": ("an archive", "unpack it and use the film inside"),
    b"\xfd7zXZ\0": ("an archive", "unpack it and use the film inside"),
    b"7z\xbc\xaf": ("an archive", "unpack it and use the film inside"),
    b"Rar!": ("an archive", "unpack it and use the film inside"),
    b"\x28\xb5\x2f\xfd": ("an archive", "unpack it and use the film inside"),
    b"%PDF": ("a PDF", "export the film itself as PNG or JPEG"),
    b"%!PS": ("a PostScript document", "export the film itself as PNG or JPEG"),
    b"{\\rtf": ("a text document", "upload the film itself"),
    b"\x89HDF": ("an HDF5 file, perhaps a model", "upload a film here"),
    b"\x93NUMPY": ("a NumPy array", "save it as PNG"),
    b"MZ": ("a program", "upload a film"),
    b"\x7fELF": ("a program", "upload a film"),
    b"#!": ("a script", "upload a film"),
    b"\x1aE\xdf\xa3": ("a video", "upload one film"),
    b"\0\0\x01\xba": ("a video", "upload one film"),
    b"OggS": ("a sound or video", "upload one film"),
    b"ID3": ("a sound", "upload a film"),
}

#: Words near the beginning of text -> the same.
_TEXTS = {
    b"<svg": ("an SVG drawing", "upload the film itself as PNG or JPEG"),
    b"<!doctype html": ("a web page", "save the film itself, not the page it is on"),
    b"<html": ("a web page", "save the film itself, not the page it is on"),
    b"<script": ("a script", "upload a film"),
    b"<?php": ("a script", "upload a film"),
    b"<?xml": ("an XML document", "upload the film itself"),
    b"%pdf": ("a PDF", "export the film itself as PNG or JPEG"),
}


def picture_format(data: bytes) -> str | None:
    """Format of a picture that is read here: "DICOM" or Pillow's name; None for anything else."""
    if is_dicom(data):
        return "DICOM"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for prefix, name in _PICTURES.items() if data.startswith(prefix)), None)


def describe(data: bytes) -> tuple[str, str]:
    """Say what a file is that is not read here, and what to do: ("a PDF", "export ...")."""
    head = data[:1024].lower()
    for prefix, words in _OTHERS.items():
        if data.startswith(prefix):
            return words
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"):
        return "a HEIC or AVIF picture", "save it as JPEG or PNG"
    if data[4:8] == b"ftyp" or data[:4] == b"RIFF":
        return "a video or sound", "upload one film"
    for word, words in _TEXTS.items():
        if word in head:
            return words
    if head.isascii() and b"\0" not in head:
        return "a text", "upload a film"
    return "no picture that is read here", "use JPEG, PNG, TIFF, BMP, WebP or DICOM"


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG file; None for an interlaced one and one without a single header.

    Of several headers Pillow takes the last.
    """
    if data[12:16] != b"IHDR" or data[28:29] != b"\0" or data.count(b"IHDR") != 1:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the header of a WebP file (RFC 9649); None where it is damaged.

    Pillow's decoder takes memory for the whole canvas as soon as it opens the file.
    """
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(body[4:7], "little"),
            1 + int.from_bytes(body[7:10], "little"),
        )
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None
