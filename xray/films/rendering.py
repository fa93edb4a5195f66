"""Stored values of a DICOM film to the greys that are meant to be seen (PS3.3 C.11).

Bits (PS3.5, 8.1.1), padding (PS3.3 C.7.5.1.1.2), modality table or rescale (C.11.1), VOI table or
window (C.11.2), polarity (C.7.6.3.1.2 and C.11.6): in this order, each by the file's own words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xray.errors import FilmError
from xray.films.grey import ramp, stretched

if TYPE_CHECKING:
    from pydicom import Dataset

Plane = NDArray[np.float32]

#: What is read of a file for it, by DICOM keyword.
READ = (
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue"),
    *("PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence", "PresentationLUTShape"),
)
#: Groups of overlays, each with the bit that it may take of the pixels.
_OVERLAYS = tuple(range(0x6000, 0x6020, 2))
OVERLAY_BITS = tuple(group << 16 | 0x0102 for group in _OVERLAYS)


def shown(raw: NDArray[Any], dataset: Dataset, name: str, native: bool) -> Plane:
    """Grey values of stored values.

    Parameters
    ----------
    raw : (H, W) integers as they are stored
    dataset : attributes of ``READ``
    name : what to call the file in messages
    native : whether the values lie in the file as they are, with whatever is in their unused bits

    Returns
    -------
    (H, W) float32 in [0, 1], bone bright, padding black; all zero where the film is one even grey

    Raises
    ------
    FilmError
        Values vary beyond the bits that the file says it stores.
    """
    raw = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    padded = _padding(raw, dataset)
    values = _aligned(raw, dataset, padded, name, native)
    padded |= _padding(values, dataset)
    inside = None if not padded.any() else ~padded
    used = values if inside is None else values[inside]
    if not used.size or used.min() == used.max():
        return np.zeros(values.shape, np.float32)
    if inside is not None:
        # Whatever padding holds, it must not widen the range of the film.
        values = np.where(inside, values, used.min())
    grey = _graded(values, dataset, inside)
    inverse = str(dataset.get("PresentationLUTShape") or "") == "INVERSE"
    if inverse or str(dataset.PhotometricInterpretation) == "MONOCHROME1":
        grey = 1 - grey
    if inside is not None:
        grey[~inside] = 0
    return grey


def _signed(dataset: Dataset) -> bool:
    return int(dataset.get("PixelRepresentation") or 0) == 1


def _aligned(
    raw: NDArray[Any], dataset: Dataset, padded: NDArray[np.bool_], name: str, native: bool
) -> NDArray[Any]:
    """Values in the lowest bits, as wide as the file says, with their sign."""
    stored, wide = int(dataset.BitsStored), 8 * raw.dtype.itemsize
    high = dataset.get("HighBit")
    high = stored - 1 if high is None else int(high)
    if not 1 <= stored <= wide or not stored - 1 <= high < wide:
        raise ValueError("bits that do not fit")
    bits: NDArray[Any] = raw.view(f"u{raw.dtype.itemsize}")
    # A picture that was compressed comes with its values in the lowest bits.
    shift = high + 1 - stored if native else 0
    low = bits >> bits.dtype.type(shift) if shift else bits
    if shift + stored < wide:
        _check_beyond(low, stored, wide - shift, dataset, padded, name)
        low = low & low.dtype.type(2**stored - 1)
    if not _signed(dataset):
        return low
    rest = wide - stored
    turned = (low << low.dtype.type(rest)).view(f"i{raw.dtype.itemsize}")
    return np.asarray(turned >> rest) if rest else turned


def _check_beyond(
    bits: NDArray[Any],
    stored: int,
    wide: int,
    dataset: Dataset,
    padded: NDArray[np.bool_],
    name: str,
) -> None:
    """Refuse values that use bits above those stored: what they mean the file does not say.

    Old files keep an overlay in such a bit, which is cut off: one that they declare, or one alone
    that does not follow on the values. Values with a sign fill the bits above with it.
    """
    # As most of these bits are empty in most files, what is in any of them is looked at first.
    beyond = (bits >> bits.dtype.type(stored))[~padded]
    if not beyond.size:
        return
    first = beyond[0]
    varying = int(np.bitwise_or.reduce(beyond ^ first))
    for tag in OVERLAY_BITS:
        if tag in dataset and dataset[tag].value not in (None, ""):
            varying &= ~(1 << max(int(dataset[tag].value) - stored, 0))
    if not varying:
        return
    if _signed(dataset):
        sign = (bits[~padded] >> bits.dtype.type(stored - 1)) & 1
        filled = np.where(sign == 1, 2 ** (wide - stored) - 1, 0)
        if ((beyond == filled) | (beyond == 0)).all():
            return
    alone = varying & (varying - 1) == 0
    if not alone or varying & 1:
        raise FilmError(
            f"{name} is a DICOM file whose values need more than the {stored} bits that it says it "
            "stores, so that what is black and white in it is not known; export it again."
        )


def _padding(values: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_]:
    """Which pixels were added around the film."""
    ends = [
        _number(dataset.get(word), values.dtype)
        for word in ("PixelPaddingValue", "PixelPaddingRangeLimit")
    ]
    if ends[0] is None:
        return np.zeros(values.shape, bool)
    low, high = sorted((ends[0], ends[0] if ends[1] is None else ends[1]))
    return np.asarray((values >= low) & (values <= high))


def _number(value: Any, kind: np.dtype[Any]) -> int | None:
    """An attribute that is a stored value, with the sign that stored values have."""
    if value is None or value in ("", b""):
        return None
    if isinstance(value, bytes):
        value = int.from_bytes(value[:2], "little")
    number = int(value)
    info = np.iinfo(kind)
    if number > info.max or number < info.min:
        # Written as unsigned where values have a sign, or the other way round.
        number = int(np.array(number & (2**info.bits - 1), f"u{kind.itemsize}").view(kind))
    return number


def _graded(values: NDArray[Any], dataset: Dataset, inside: NDArray[np.bool_] | None) -> Plane:
    """Greys by the file's tables, rescale and window, before its polarity."""
    low, high = _ends(dataset)
    real: NDArray[Any] = values
    if dataset.get("ModalityLUTSequence"):
        real, _ = _looked_up(values, dataset.ModalityLUTSequence[0], dataset)
        low, high = float(real.min()), float(real.max())
    else:
        slope = float(dataset.get("RescaleSlope") or 1)
        intercept = float(dataset.get("RescaleIntercept") or 0)
        if not np.isfinite([slope, intercept]).all():
            raise ValueError("a scale without ends")
        if (slope, intercept) != (1, 0):
            real = values.astype(np.float32) * np.float32(slope) + np.float32(intercept)
            low, high = sorted((slope * low + intercept, slope * high + intercept))
    if dataset.get("VOILUTSequence"):
        table, top = _looked_up(real, dataset.VOILUTSequence[0], dataset)
        if table.min() < table.max():
            return ramp(table, 0, top)
    windowed = _window(real, dataset)
    # A window beside the data shows one even grey; nobody meant that.
    if windowed is not None and windowed.min() < windowed.max():
        return windowed
    return stretched(real, low, high if high > low else low + 1, inside)


def _ends(dataset: Dataset) -> tuple[float, float]:
    """Ends of the scale of stored values."""
    bits = int(dataset.BitsStored)
    half = float(2 ** (bits - 1))
    return (-half, half - 1) if _signed(dataset) else (0.0, 2 * half - 1)


def _looked_up(
    values: NDArray[Any], item: Dataset, dataset: Dataset
) -> tuple[NDArray[np.float32], float]:
    """Values through a table, and the top of its scale.

    Its data come as numbers or as bytes, in words or packed as bytes, whatever their VR says.
    """
    count, first, bits = (int(n) for n in _words(item.LUTDescriptor, dataset)[:3])
    count, bits = count % 65536 or 65536, bits % 65536
    first %= 65536
    if first > 32767 and float(values.min()) < 0:
        first -= 65536
    if not 1 <= bits <= 16:
        raise ValueError("a table of odd depth")
    data = _words(item.LUTData, dataset, count)
    if len(data) < count:
        raise ValueError("a table cut short")
    table = data[:count].astype(np.float32)
    at = np.clip(np.rint(values.astype(np.float64)) - first, 0, count - 1).astype(np.int64)
    most, top = float(table.max()), 2.0**bits - 1
    # Some say sixteen bits of a table that ends at twelve.
    return table[at], top if top / 2 <= most <= top else max(most, 1.0)


def _words(value: Any, dataset: Dataset, count: int = 3) -> NDArray[np.uint16]:
    """Numbers of a table's attribute: of bytes, packed bytes, or a list."""
    if isinstance(value, bytes):
        if count <= len(value) <= count + 1:
            return np.frombuffer(value, np.uint8).astype(np.uint16)
        little = dataset.original_encoding[1] is not False
        return np.frombuffer(value[: len(value) // 2 * 2], "<u2" if little else ">u2")
    numbers = np.atleast_1d(np.asarray(value, np.int64)) & 0xFFFF
    words = numbers.astype(np.uint16)
    if count // 2 == len(words) - count % 2 and count > 3:
        # Entries of eight bits, two in a word.
        return words.astype("<u2").view(np.uint8).astype(np.uint16)
    return words


def _window(values: NDArray[Any], dataset: Dataset) -> Plane | None:
    """Apply the first window (PS3.3 C.11.2.1.2 and .3); None where there is no usable one."""
    centre, width = (_first(dataset.get(word)) for word in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or not np.isfinite([centre, width]).all() or width <= 0:
        return None
    function = str(dataset.get("VOILUTFunction") or "LINEAR")
    if function == "SIGMOID":
        exponent = np.clip(-4 * (values.astype(np.float32) - centre) / width, -80, 80)
        return np.asarray(1 / (1 + np.exp(exponent)), np.float32)
    if function == "LINEAR_EXACT":
        return ramp(values, centre - width / 2, centre + width / 2)
    # LINEAR counts in whole grey values: a width of one is a step.
    half = max((width - 1) / 2, 1e-3)
    return ramp(values, centre - 0.5 - half, centre - 0.5 + half)


def _first(value: Any) -> float | None:
    """First of one or several numbers; None where there is none."""
    if value is None or isinstance(value, (str, float, int)):
        return None if value in (None, "") else float(value)
    return float(value[0]) if len(value) else None
