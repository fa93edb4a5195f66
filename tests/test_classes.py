"""The two classes of a data set: what their names say, and where they are remembered."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from xray import classes
from xray.classes import Classes
from xray.errors import DatasetError
from xray.files import write_json

WARD = Classes("clear", "TB", {"Healthy": "clear", "TB": "TB"})


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(classes.VARIABLE, raising=False)
    monkeypatch.delenv("XRAY_DATA", raising=False)


def test_names_map_in_any_case_and_writing() -> None:
    made = Classes("clear", "TB", {"No_Finding": "clear", "Tuberculosis": "TB"})
    assert made.labels == ("clear", "TB")
    for value in ("no finding", " NO_FINDING ", "No  Finding"):
        assert made.label(value) == "clear"
    assert made.label("TUBERCULOSIS") == "TB"
    assert made.label("TB") == made.label("") == "", "only what is mapped maps"
    assert Classes().label("pneumonia") == "PNEUMONIA", "without a mapping names map to themselves"
    assert (made.other("clear"), made.other("TB")) == ("TB", "clear")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("healthy=NORMAL,covid=COVID-19", ("NORMAL", "COVID-19")),
        ("covid=COVID-19, healthy=NORMAL", ("NORMAL", "COVID-19")),
        ("a=first,b=second", ("first", "second")),
        ("bacteria=PNEUMONIA,virus=PNEUMONIA,normal=NORMAL", ("NORMAL", "PNEUMONIA")),
        ("tb=TB", ("NORMAL", "TB")),
        ("ok=No Finding", ("No Finding", "PNEUMONIA")),
    ],
)
def test_the_negative_class_is_the_one_named_so_or_the_first(
    text: str, labels: tuple[str, str]
) -> None:
    assert classes.parse(text).labels == labels


def test_a_mapping_keeps_every_name() -> None:
    made = classes.parse("bacteria=PNEUMONIA,virus=PNEUMONIA,,normal=NORMAL,")
    assert made.values == {"bacteria": "PNEUMONIA", "virus": "PNEUMONIA", "normal": "NORMAL"}


@pytest.mark.parametrize("text", ["", " , ", "healthy", "=NORMAL", "healthy=", "a=b,c"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(DatasetError, match="is not a class mapping"):
        classes.parse(text)


def test_three_classes_and_names_that_cannot_be_shown_are_refused() -> None:
    with pytest.raises(DatasetError, match="more than two classes"):
        classes.parse("a=A,b=B,c=C")
    longest = "x" * classes.LONGEST
    assert classes.named([longest]).positive == longest
    markup = ("[x](y)", "**b**", ":material-x:", "$x^2$", "`c`", "<b>", "www.evil.example", "a@b.c")
    for name in (longest + "x", "a/b", "a\nb", "", " x", "- x", *markup):
        with pytest.raises(DatasetError, match="name of a class begins with"):
            classes.named(["NORMAL", name])
        with pytest.raises(DatasetError, match="name of a class begins with"):
            classes.from_data({"negative": "NORMAL", "positive": name, "values": {}})
    for name in ("COVID-19", "No Finding", "no_tb", "Épanchement (pleural)", "0", "肺炎"):
        assert classes.named([name, "other"]).labels in {(name, "other"), ("other", name)}


def test_labels_of_a_table_tell_its_classes() -> None:
    assert classes.of_labels(["PNEUMONIA", "", "PNEUMONIA"]) == classes.DEFAULT
    assert classes.of_labels([]) == classes.DEFAULT
    assert classes.of_labels(["tb", "healthy"]).labels == ("healthy", "tb")
    assert classes.of_labels(["b", "a"]).labels == ("a", "b")


def test_names_that_only_a_negative_class_has() -> None:
    assert all(map(classes.is_negative, ("Normal", "NO_FINDING", "0", " healthy ")))
    assert not any(map(classes.is_negative, ("PNEUMONIA", "abnormal", "1", "")))


def test_classes_are_stored_and_read_again() -> None:
    assert classes.from_data(WARD.as_data()) == WARD
    for damaged in (
        None,
        {},
        {"negative": "a", "positive": "b"},
        {"negative": "a", "positive": "a", "values": {}},
        {"negative": "a", "positive": "b", "values": {"x": "c"}},
        {"negative": "a", "positive": "b", "values": 3},
    ):
        with pytest.raises(DatasetError, match="stored class names cannot be used"):
            classes.from_data(damaged)


def test_the_variable_says_the_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert classes.configured() is None
    monkeypatch.setenv(classes.VARIABLE, " ")
    assert classes.configured() is None and classes.current() == classes.DEFAULT
    monkeypatch.setenv(classes.VARIABLE, "healthy=clear,tb=TB")
    assert classes.current().labels == ("clear", "TB")
    with classes.using(Classes("well", "ill")):
        assert classes.current().positive == "ill", "what is in hand goes first"


def test_what_was_said_of_a_folder_is_found_in_it_or_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "films"
    (folder / "train" / "tb").mkdir(parents=True)
    assert classes.remembered(folder) is None and classes.stored(folder) is None
    write_json(classes.home(folder), {"classes": Classes("a", "b").as_data()})
    assert classes.stored(folder) == Classes("a", "b")
    write_json(folder / classes.FILE, {"classes": WARD.as_data()})
    assert classes.stored(folder) == WARD, "the folder's own goes first"
    assert classes.around(folder / "train" / "tb" / "film.png") == WARD
    assert classes.around(tmp_path / "film.png") is None
    write_json(folder / classes.FILE, {"table": "list.csv"})
    assert classes.stored(folder) is None, "a table without names says no classes"


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"classes": {"negative": "a"}}'])
def test_what_was_said_and_is_damaged_is_told_with_its_remedy(tmp_path: Path, damage: str) -> None:
    (tmp_path / classes.FILE).write_text(damage)
    with pytest.raises(DatasetError, match=r"collection\.json does not say how .* or remove it"):
        classes.remembered(tmp_path)


def test_the_server_s_classes_are_those_of_its_first_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert classes.of_server() is None
    monkeypatch.setenv("XRAY_DATA", str(tmp_path))
    write_json(tmp_path / classes.FILE, {"classes": WARD.as_data()})
    assert classes.of_server() == WARD
    (tmp_path / classes.FILE).write_text("{")
    assert classes.of_server() is None, "the Dataset pages tell what is wrong"
    monkeypatch.setenv("XRAY_DATA", str(tmp_path / "gone"))
    assert classes.of_server() is None


def test_a_data_set_is_in_hand_for_a_while() -> None:
    assert (classes.negative(), classes.positive()) == ("NORMAL", "PNEUMONIA")
    assert classes.is_default() and classes.spoken() == "pneumonia"
    with pytest.raises(KeyError), classes.using(WARD):
        assert (classes.negative(), classes.positive()) == ("clear", "TB")
        assert not classes.is_default() and classes.spoken() == "TB"
        raise KeyError
    assert classes.is_default(), "whatever happened"
    classes.use(WARD)
    assert classes.positive() == "TB"
    classes.use(None)
    assert classes.is_default()


def test_sides_of_names() -> None:
    assert classes.side("") and classes.side("PNEUMONIA") and classes.side("covid")
    assert not classes.side("NORMAL") and not classes.side("No Finding")
    with classes.using(WARD):
        assert classes.side("TB") and not classes.side("clear")


def test_labels_are_positive_by_the_classes_that_fit_them() -> None:
    def found(*labels: str) -> list[bool]:
        return classes.is_positive(pd.Series(labels)).tolist()

    assert found("NORMAL", "PNEUMONIA") == [False, True]
    assert found("tb", "healthy", "tb") == [True, False, True], "of their own names"
    with classes.using(Classes("PNEUMONIA", "NORMAL")):
        assert found("NORMAL", "PNEUMONIA") == [True, False], "of the data set in hand"
        assert classes.fitting(["NORMAL", ""]).positive == "NORMAL"
        assert classes.fitting(["a", "b"]).labels == ("a", "b")
