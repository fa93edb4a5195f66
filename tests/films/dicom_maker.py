"""Make DICOM files for the tests, with a patient in them who must never be heard of again."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
    generate_uid,
)

#: None of these words may turn up in a message, a log or a result.
SECRETS = ("Schneewittchen", "SN-7391", "20190704", "Spiegel Klinik")


def dataset(values: np.ndarray, bits: int, **attributes: Any) -> Dataset:
    """Uncompressed film of ``values`` (H, W) or (frames, H, W) integers, or (H, W, 3) bytes."""
    out = Dataset()
    out.file_meta = FileMetaDataset()
    out.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    out.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    out.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out.SOPClassUID = DigitalXRayImageStorageForPresentation
    out.SOPInstanceUID = out.file_meta.MediaStorageSOPInstanceUID
    out.PatientName, out.PatientID, out.PatientBirthDate = SECRETS[:3]
    out.InstitutionName = SECRETS[3]
    colour = values.ndim == 3 and values.shape[2] == 3
    out.SamplesPerPixel = 3 if colour else 1
    out.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        out.PlanarConfiguration = 0
    elif values.ndim == 3:
        out.NumberOfFrames = len(values)
    height, width = values.shape[:2] if colour else values.shape[-2:]
    out.Rows, out.Columns = height, width
    out.BitsAllocated = 8 * values.dtype.itemsize
    out.BitsStored, out.HighBit = bits, bits - 1
    out.PixelRepresentation = int(values.dtype.kind == "i")
    out.PixelData = values.tobytes()
    out["PixelData"].VR = "OB" if values.dtype.itemsize == 1 else "OW"
    for keyword, value in attributes.items():
        setattr(out, keyword, value)
    return out


def compressed(values: np.ndarray, bits: int, how: str, **attributes: Any) -> Dataset:
    """Film whose pixels are compressed: ``how`` is "JPEG", "JPEG2000" or "RLE"."""
    out = dataset(values, bits, **attributes)
    if how == "RLE":
        out.compress(RLELossless, generate_instance_uid=False)
        return out
    stream = io.BytesIO()
    options = {"quality": 95} if how == "JPEG" else {"irreversible": False, "no_jp2": True}
    Image.fromarray(values).save(stream, how, **options)
    out.PixelData = encapsulate([stream.getvalue()])
    out["PixelData"].is_undefined_length = True
    out.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if how == "JPEG" else JPEG2000Lossless
    return out


def written(film: Dataset) -> bytes:
    """Bytes of a DICOM file."""
    stream = io.BytesIO()
    film.save_as(stream, enforce_file_format=True)
    return stream.getvalue()
