"""Tables of well-known sets are told by their columns; which finding is asked for; who is whom."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from xray import classes
from xray.commands.main import main
from xray.dataset import scan
from xray.dataset.tables import asking
from xray.errors import DatasetError

FILM = b"\x89PNG\r\n\x1a\n"


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(FILM + name.encode())


def write(folder: Path, name: str, *lines: str) -> None:
    data = "\n".join([*lines, ""]).encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def counted(found: scan.Scan) -> dict[str, int]:
    """Films by label, after the sum was checked."""
    assert found.seen == len(found.films) + sum(each.count for each in found.left_out)
    return dict(Counter(film.label for film in found.films))


def said(folder: Path, *options: str) -> scan.Scan:
    """Scan after ``index`` was told something; the films themselves are none, which it tells."""
    assert main(["index", str(folder), *options]) == 0
    return scan.scan(folder)


NIH_2020 = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Sex,View Position"


@pytest.fixture
def nih(tmp_path: Path) -> Path:
    write(
        tmp_path,
        "anything.csv",
        NIH_2020,
        "00000000_000.png,No Finding,0,0,050,M,PA",
        "00000010_000.png,Pneumonia|Infiltration,0,10,060,F,AP",
        "00000011_000.png,Effusion,0,0011,060,F,AP",
        "00000012_000.png,Effusion|Pneumonia,0,12,060,F,AP",
        "00000013_000.png,No Finding,0,13,060,F,AP",
    )
    put(tmp_path, *(f"images_00{k}/images/0000001{k}_000.png" for k in range(3)))
    put(tmp_path, "images_004/images/00000000_000.png")
    return tmp_path


def test_nih_2020_under_any_name(nih: Path) -> None:
    found = scan.scan(nih)
    assert counted(found) == {"NORMAL": 1, "PNEUMONIA": 2}
    assert {film.person for film in found.films} == {"patient-0", "patient-10", "patient-12"}
    assert dict(found.films[0].further)["about_Patient Sex"] == "M"
    assert [(each.count, each.examples) for each in found.left_out] == [
        (1, ("Effusion: 1",)),
        (1, ("00000013_000.png",)),
    ]


def test_which_finding_is_the_question(nih: Path) -> None:
    found = said(nih, "--finding", "Effusion")
    assert found.classes.labels == ("No Finding", "Effusion")
    assert counted(found) == {"No Finding": 1, "Effusion": 2}
    assert {film.person for film in found.films} == {"patient-0", "patient-0011", "patient-12"}
    # Said once: without the option the same comes out.
    assert said(nih) == found
    renamed = said(nih, "--finding", "Effusion", "--classes", "No Finding=clear,Effusion=fluid")
    assert counted(renamed) == {"clear": 1, "fluid": 2}
    by_condition = said(nih, "--positive", "Finding Labels=Effusion")
    assert counted(by_condition) == {"no Effusion": 2, "Effusion": 2}


FINDINGS = "No Finding,Pneumonia,Pleural Effusion"


def test_mimic_by_study_with_its_splits(tmp_path: Path) -> None:
    write(
        tmp_path,
        "mimic-cxr-2.0.0-chexpert.csv.gz",
        f"subject_id,study_id,{FINDINGS}",
        "10000032,50414267,1.0,,",
        "10000764,57375967,,1.0,-1.0",
        "10000898,50771383,,-1.0,1.0",
        "10000898,54205396,,,0.0",
        "10000935,50578979,,0.0,",
        "10000936,50000000,1.0,,",
    )
    write(tmp_path, "mimic-cxr-2.0.0-negbio.csv.gz", f"subject_id,study_id,{FINDINGS}")
    write(
        tmp_path,
        "mimic-cxr-2.0.0-split.csv.gz",
        "dicom_id,study_id,subject_id,split",
        "a,50414267,10000032,train",
        "c,57375967,10000764,test",
        "d,50578979,10000935,validate",
    )
    put(
        tmp_path,
        "files/p10/p10000032/s50414267/a.jpg",
        "files/p10/p10000032/s50414267/b.jpg",
        "files/p10/p10000764/s57375967/c.jpg",
        "files/p10/p10000898/s50771383/x.jpg",
        "files/p10/p10000935/s50578979/d.jpg",
    )
    found = scan.scan(tmp_path)
    assert counted(found) == {"NORMAL": 3, "PNEUMONIA": 1}
    assert {(film.person, film.split) for film in found.films} == {
        ("patient-10000032", "train"),
        ("patient-10000764", "test"),
        ("patient-10000935", "val"),
    }
    reasons = {each.reason.partition(",")[0]: each.count for each in found.left_out}
    assert reasons == {
        "are uncertain (-1)": 1,
        "do not mention the finding": 1,
        "name a study that is not in the folder": 1,
    }
    assert any("negbio" in warning for warning in found.warnings)
    assert counted(said(tmp_path, "--uncertain", "positive")) == {"NORMAL": 3, "PNEUMONIA": 2}


def test_chexpert_of_another_finding(tmp_path: Path) -> None:
    write(
        tmp_path,
        "valid.csv",
        f"Path,Sex,Age,{FINDINGS}",
        *(
            f"CheXpert-v1.0/valid/patient{k}/study1/view1.jpg,F,60,{says}"
            for k, says in enumerate(("1,,", ",,1", ",1,0", ",,-1", ",1,"))
        ),
    )
    put(tmp_path, *(f"valid/patient{k}/study1/view1.jpg" for k in range(5)))
    found = said(tmp_path, "--finding", "Pleural Effusion")
    assert counted(found) == {"No Finding": 2, "Pleural Effusion": 1}
    assert {film.split for film in found.films} == {"val"}
    assert {film.person for film in found.films} == {"patient0", "patient1", "patient2"}
    with pytest.raises(DatasetError, match="no column Hernia; it has"):
        asking.listing(tmp_path, "", asking.Question(finding="Hernia"))


def test_rsna_boxes_are_one_film(tmp_path: Path) -> None:
    write(
        tmp_path,
        "stage_2_train_labels.csv",
        "patientId,x,y,width,height,Target",
        "0004cfab,,,,,0",
        "00436515,264.0,152.0,213.0,379.0,1",
        "00436515,562.0,152.0,256.0,453.0,1",
        "00704310,,,,,0",
    )
    put(tmp_path, *(f"stage_2_train_images/{name}.dcm" for name in ("0004cfab", "00436515")))
    found = scan.scan(tmp_path)
    assert counted(found) == {"no lung opacity": 1, "lung opacity": 1}
    assert sorted(each.count for each in found.left_out) == [1, 1]


def test_ieee8023_and_coronahack(tmp_path: Path) -> None:
    covid, hack = tmp_path / "covid", tmp_path / "hack"
    covid.mkdir()
    hack.mkdir()
    write(
        covid,
        "metadata.csv",
        "patientid,sex,age,finding,view,modality,folder,filename",
        "2,M,65,Pneumonia/Viral/COVID-19,PA,X-ray,images,a.jpeg",
        "4,F,1,No Finding,AP,X-ray,images,b.png",
        "5,F,1,Pneumonia,Axial,CT,images,c.png",
        "6,,,Tuberculosis,PA,X-ray,images,d.jpg",
    )
    put(covid, "images/a.jpeg", "images/b.png", "images/c.png", "images/d.jpg")
    assert counted(scan.scan(covid)) == {"PNEUMONIA": 1, "NORMAL": 1}
    asked = said(covid, "--classes", "COVID-19=COVID-19,No Finding=clear")
    assert counted(asked) == {"COVID-19": 1, "clear": 1}
    assert {each.reason for each in asked.left_out} >= {"are no X-rays"}
    write(
        hack,
        "Chest_xray_Corona_Metadata.csv",
        ",X_ray_image_name,Label,Dataset_type,L2",
        "0,IM-0128-0001.jpeg,Normal,TRAIN,",
        "1,person1_virus_6.jpeg,Pnemonia,TEST,Virus",
    )
    put(hack, "train/IM-0128-0001.jpeg", "test/person1_virus_6.jpeg")
    found = scan.scan(hack)
    assert counted(found) == {"NORMAL": 1, "PNEUMONIA": 1}
    assert {film.split for film in found.films} == {"train", "test"}


def test_what_may_not_be_written_is_remembered_elsewhere(
    nih: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xray.dataset import listing

    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    write_json = listing.write_json

    def refuse(path: Path, value: object) -> None:
        if path.parent == nih:
            raise PermissionError(13, "Read-only file system")
        write_json(path, value)

    monkeypatch.setattr(listing, "write_json", refuse)
    asked = said(nih, "--finding", "Effusion")
    assert not (nih / classes.FILE).exists() and asked.classes.positive == "Effusion"
    assert scan.scan(nih) == asked


def test_class_names_are_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "films"
    put(folder, "train/Normal/a.png", "train/Tuberculosis/b.png", "train/Other/c.png")
    elsewhere = tmp_path / "elsewhere"
    put(elsewhere, "TB/b.png", "TB/c.png", "Healthy/a.png")
    with pytest.raises(DatasetError, match='such as --classes "Healthy=Healthy,TB=TB"'):
        scan.scan(elsewhere)
    assert counted(scan.scan(folder)) == {"NORMAL": 1}
    assert any("train/Other: 1" in warning for warning in scan.scan(folder).warnings)
    monkeypatch.setenv("XRAY_CLASSES", "normal=healthy,tuberculosis=TB")
    assert counted(scan.scan(folder)) == {"healthy": 1, "TB": 1}
    monkeypatch.delenv("XRAY_CLASSES")
    found = said(folder, "--classes", "tuberculosis=tuberculosis,normal=normal,other=tuberculosis")
    assert found.classes.labels == ("normal", "tuberculosis")
    assert counted(found) == {"normal": 1, "tuberculosis": 2}
    out = capsys.readouterr().out
    assert "Positive class: tuberculosis; negative class: normal." in out
    monkeypatch.setenv("XRAY_CLASSES", "normal=NORMAL,other=PNEUMONIA")
    assert scan.scan(folder) == found, "what was said of the folder itself goes first"
