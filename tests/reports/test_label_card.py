"""The second labelling is of train films, and every film of it is one that the set has."""

from __future__ import annotations

from xray.dataset import public_set
from xray.labels import devices
from xray.reports import label_card


def test_the_second_labelling_is_of_train_films_and_told_on_the_card() -> None:
    looks = devices.second()
    assert len(looks) == 154
    known = public_set.read()
    files = set(known["split"] + "/" + known["label"] + "/" + known["file"].str.rpartition("/")[2])
    assert set(looks) <= files
    assert all(file.startswith("train/") for file in looks)
    assert not set(looks) & set(devices.stored_geometry())
    assert f"of {len(looks)} train films" in label_card.markdown()
