"""What folders and tables call the splits."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validate": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_THINGS = r"(?:set|sets|data|dataset|images?|imgs?|films?|split|folder|dir|samples?)"
_NAME = re.compile(
    rf"^(?:stage \d+ |{_THINGS} )?({'|'.join(sorted(_WORDS, key=len, reverse=True))})"
    rf"(?: ?{_THINGS})*(?: ?\d{{1,2}})?$"
)


@lru_cache(maxsize=4096)
def split_of(name: str) -> str:
    """ "train", "val" or "test" of a folder's name or a value; "" where it is none of them.

    "Train", "training_set", "test-images" and "Validation 2" are understood.
    """
    words = " ".join(re.split(r"[\s_.\-]+", name.strip().casefold())).strip()
    match = _NAME.match(words)
    return _WORDS[match[1]] if match else ""
