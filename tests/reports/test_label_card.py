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


def test_electrodes_told_by_their_look_are_the_same_marks_under_another_kind() -> None:
    looks, before = devices.by_look(), devices.second() | devices.stored_geometry()
    assert set(before) <= set(looks)
    for file, passes in before.items():
        assert len(passes) == len(looks[file])
        for old, new in zip(passes, looks[file], strict=True):
            kept = [
                [each for each in look["devices"] if each["kind"] not in ("electrode", "other")]
                for look in (old, new)
            ]
            assert kept[0] == kept[1], "only these two kinds were looked at anew"
            assert len(new["devices"]) <= len(old["devices"])
    assert all(file.startswith("train/") for file in set(looks) - set(before))


def test_the_card_counts_what_changes_its_kind() -> None:
    told = {"devices": [{"kind": "electrode", "geometry": [1, 2, 0.5], "confidence": 0.9}] * 2}
    moved = [
        {"kind": "other", "geometry": [0.5, 1.5, 1.5, 2.5], "confidence": 0.9},
        {"kind": "electrode", "geometry": [1, 2, 0.5], "confidence": 0.9},
    ]
    assert label_card._electrodes({"a": [told]}) == 2
    apart = [{**told["devices"][0]}, {**told["devices"][0], "geometry": [8, 2, 0.5]}]
    looks = {"a": [{"devices": apart}]}
    assert label_card._electrodes(looks, {"a": [{"devices": moved}]}) == 1
    said = label_card.markdown()
    assert "devices_test_by_look.jsonl" in said and "devices_train_by_look.jsonl" in said
