"""What a command asks of a table: columns by name or content, classes, findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from xray import classes
from xray.dataset import listing
from xray.dataset.tables import asking, labelling
from xray.dataset.tables.asking import Question
from xray.dataset.tables.presets import Columns
from xray.errors import DatasetError

FILM = b"\x89PNG\r\n\x1a\n"


def test_a_table_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="There is no list"):
        asking.ask(tmp_path, "list.csv", Question())
    (tmp_path / "list.csv").write_text("What,label\nx.png,NORMAL\n")
    with pytest.raises(DatasetError, match="has no column path"):
        asking.ask(tmp_path, "list.csv", Question())
    with pytest.raises(DatasetError, match="has no column Where"):
        asking.ask(tmp_path, "list.csv", Question({"path": "Where"}))
    with pytest.raises(DatasetError, match="names no columns"):
        asking.parse_columns("wrong=File")
    (tmp_path / classes.FILE).write_text("{}")
    with pytest.raises(DatasetError, match="does not say how"):
        listing.find(tmp_path)


def test_conditions_of_both_classes_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,a,b\nx.png,yes,no\ny.png,no,yes\n")
    with pytest.raises(DatasetError, match="both name a=yes; leave one out"):
        asking.ask(
            tmp_path,
            "list.csv",
            Question(positive=(("a", "yes"),), negative=(("a", "yes"), ("b", "yes"))),
        )
    found = asking.ask(
        tmp_path, "list.csv", Question(positive=(("a", "ill"),), negative=(("b", "ill"),))
    )
    assert found.classes.labels == ("no ill", "ill")


def write(folder: Path, *lines: str, name: str = "list.csv") -> Path:
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def test_columns_are_found_by_their_usual_names(tmp_path: Path) -> None:
    write(tmp_path, "Image_Path,Diagnosis,SubSet,Subject ID,age", "a.png,NORMAL,test,1,3")
    found = asking.ask(tmp_path, "list.csv", Question())
    assert found.columns == Columns("Image_Path", "Diagnosis", "SubSet", "Subject ID", ("age",))
    assert (found.kind, found.rule) == ("table", labelling.Rule("Diagnosis"))
    assert found.notes == tuple(
        f"The column {name!r} of list.csv is taken as the {part}."
        for name, part in (
            ("Image_Path", "path"),
            ("Diagnosis", "label"),
            ("SubSet", "split"),
            ("Subject ID", "patient"),
        )
    )


def test_the_column_of_films_is_found_by_its_content(tmp_path: Path) -> None:
    write(tmp_path, "id,where,label", "1,a.png,NORMAL", "2,b.png,NORMAL", "3,lost.png,NORMAL")
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(FILM)
    assert asking.ask(tmp_path, "list.csv", Question()).columns.path == "where"
    # Where most are not there, the name that people use holds.
    (tmp_path / "b.png").unlink()
    assert asking.ask(tmp_path, "list.csv", Question()).columns.path == "id"


def test_named_columns_go_first_and_the_rest_is_kept(tmp_path: Path) -> None:
    many = [f"c{number}" for number in range(asking.MOST_COLUMNS + 1)]
    write(tmp_path, ",".join(["path", "label", "split", "Real", *many]), "a.png,NORMAL")
    found = asking.ask(tmp_path, "list.csv", Question({"path": "real", "label": "LABEL"}))
    assert (found.columns.path, found.columns.label) == ("Real", "label")
    # Who names columns names all that are meant.
    assert (found.columns.split, found.columns.patient) == ("", "")
    assert found.columns.further == ("path", "split", *many[: asking.MOST_COLUMNS - 2])


def test_whose_films_they_are_is_not_lost_where_another_column_is_named(tmp_path: Path) -> None:
    write(tmp_path, "image,Modality,split,patientid", "a.png,CR,test,p1")
    found = asking.ask(tmp_path, "list.csv", Question({"label": "modality"}))
    # A split that was not named is none; a patient is.
    assert found.columns == Columns("image", "Modality", "", "patientid", ("split",))
    assert "The column 'patientid' of list.csv is taken as the patient." in found.notes


def test_a_finding_is_a_column_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "path,No Finding,Edema", "a.png,,1")
    found = asking.ask(tmp_path, "list.csv", Question(finding="edema", uncertain="positive"))
    assert (found.rule.finding, found.rule.uncertain) == ("Edema", "positive")
    assert found.classes.labels == ("No Finding", "Edema")
    with pytest.raises(DatasetError, match="no column Hernia; it has: path, No Finding, Edema"):
        asking.ask(tmp_path, "list.csv", Question(finding="Hernia"))
    with pytest.raises(DatasetError, match="has no column label"):
        asking.ask(tmp_path, "list.csv", Question())


def test_asked_classes_may_have_other_names(tmp_path: Path) -> None:
    write(tmp_path, "path,Edema", "a.png,1")
    question = Question(finding="Edema", classes=classes.parse("No Finding=clear,Edema=wet"))
    found = asking.ask(tmp_path, "list.csv", question)
    assert found.classes.labels == ("clear", "wet")
    assert found.classes.values == {"No Finding": "clear", "Edema": "wet"}


def test_a_published_form_is_told_by_its_columns(tmp_path: Path) -> None:
    write(tmp_path, "Path,Sex,Age,No Finding,Pneumonia,Edema", "x/a.jpg,F,3,,1,", name="valid.csv")
    found = asking.ask(tmp_path, "valid.csv", Question())
    assert (found.kind, dict(found.tables)) == ("CheXpert", {"valid.csv": "val"})
    assert found.notes == ("valid.csv has the columns of CheXpert and is read as such.",)
    other = asking.ask(tmp_path, "valid.csv", Question(finding="Edema"))
    assert (other.rule.finding, other.classes.labels) == ("Edema", ("No Finding", "Edema"))
    # Columns that somebody names go before the form.
    plain = asking.ask(tmp_path, "valid.csv", Question({"path": "Path", "label": "Sex"}))
    assert (plain.kind, plain.columns.label) == ("table", "Sex")


def test_a_table_outside_the_folder_is_none_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    write(tmp_path, "path,label", "a.png,NORMAL")
    for name in ("../list.csv", str(tmp_path / "list.csv")):
        with pytest.raises(DatasetError, match="--table names a file in the folder"):
            asking.ask(folder, name, Question())


def test_the_only_table_is_taken_where_something_is_asked(tmp_path: Path) -> None:
    write(tmp_path, "path,a", "x.png,yes")
    assert asking.listing(tmp_path, "", Question()) is None
    question = Question(positive=(("a", "yes"),))
    found = asking.listing(tmp_path, "", question)
    assert found is not None and dict(found.tables) == {"list.csv": ""}
    assert found.rule.positive == (("a", "yes"),) and found.classes.labels == ("no a", "a")
    write(tmp_path, "path,a", "x.png,yes", name="more.csv")
    assert asking.listing(tmp_path, "", question) is None, "nothing tells which of the two"


def test_a_negative_class_alone_is_no_question() -> None:
    said = r"--negative needs --positive: --positive EncodedPixels=\* is every value but -1\."
    with pytest.raises(DatasetError, match=said):
        Question(negative=(("EncodedPixels", "-1"),))


def test_a_question_that_asks_nothing() -> None:
    assert not Question().asks
    assert Question(finding="Edema").asks and Question({"path": "File"}).asks


def test_columns_are_read_from_an_option() -> None:
    assert asking.parse_columns("path=File, label = Class ,patient=ID,") == {
        "path": "File",
        "label": "Class",
        "patient": "ID",
    }
    for text in ("", ",", "path", "path=", "path= ", "size=W"):
        with pytest.raises(DatasetError, match="names no columns"):
            asking.parse_columns(text)
