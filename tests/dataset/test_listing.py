"""Collections that list their films in a table: our own form, NIH ChestX-ray14 and CheXpert."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.helpers.fakes import Fake
from xray import parquet
from xray.commands.main import main
from xray.dataset import index
from xray.dataset.scan import scan
from xray.dataset.tables import labelling, places, rows
from xray.metrics import patients as patients_
from xray.models import evaluation, weak_spots

#: Header of the file that NIH publishes, to the letter.
NIH_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)
CHEXPERT_HEADER = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,"
    "Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,"
    "Pleural Effusion,Pleural Other,Fracture,Support Devices"
)


def film(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 48), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def nih(tmp_path: Path) -> Path:
    lines = [
        "00000001_000.png,Cardiomegaly,0,1,57,M,PA,2682,2749,0.143,0.143",
        "00000002_000.png,No Finding,0,2,80,M,PA,2500,2048,0.171,0.171",
        "00000013_001.png,Infiltration|Pneumonia,1,13,60,F,AP,2500,2048,0.168,0.168",
        "00000014_000.png,Pneumonia,0,14,33,F,AP,2500,2048,0.168,0.168",
    ]
    # As published: the header has quoteless commas in its last two names.
    (tmp_path / "Data_Entry_2017.csv").write_text("\n".join([NIH_HEADER, *lines]) + "\n")
    for place, name in enumerate(("00000002_000", "00000013_001", "00000014_000")):
        film(tmp_path / f"images_00{place + 1}" / "images" / f"{name}.png", place)
    (tmp_path / rows.NIH_TEST).write_text("00000014_000.png\n")
    return tmp_path


def test_nih_is_read_by_its_own_columns(nih: Path) -> None:
    found = scan(nih)
    assert [(film.file, film.split, film.label) for film in found.films] == [
        ("test/PNEUMONIA/images_003/images/00000014_000.png", "test", "PNEUMONIA"),
        ("train/NORMAL/images_001/images/00000002_000.png", "train", "NORMAL"),
        ("train/PNEUMONIA/images_002/images/00000013_001.png", "train", "PNEUMONIA"),
    ]
    assert found.warnings[0] == (f"1 row left out: {labelling.UNMAPPED} (Cardiomegaly: 1).")
    assert found.seen == len(found.films) + sum(each.count for each in found.left_out) == 4
    table = index.index(nih)
    assert table["error"].eq("").all()
    assert table["person"].tolist() == ["patient-14", "patient-2", "patient-13"]
    assert table["about_View Position"].tolist() == ["AP", "PA", "AP"]
    groups = {each.name for each in weak_spots.divide(table["file"], table)}
    assert {"View Position AP", "View Position PA", "Patient Gender F"} <= groups


def test_films_of_one_patient_stay_together_in_the_intervals(nih: Path) -> None:
    listed = nih / "Data_Entry_2017.csv"
    listed.write_text(listed.read_text().replace(",1,13,60,", ",1,2,60,"))
    chosen = evaluation.choose(nih, "train")
    made, damaged = evaluation.predict(Fake(np.mean), nih, chosen)
    assert not damaged
    assert made["person"].nunique() == 1
    assert "2" not in made["person"].tolist(), "who it is stays behind"
    assert len(set(patients_.patients(made))) == 1
    assert len(set(patients_.patients(made[["file"]]))) == 2


def test_chexpert_is_read_by_its_own_columns(tmp_path: Path) -> None:
    home = tmp_path / "anywhere"
    start = "CheXpert-v1.0-small"
    lines = {
        "train.csv": [
            f"{start}/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,,,,,1.0",
            f"{start}/train/patient00002/study1/view1_frontal.jpg,Male,87,Frontal,PA,,,,,,,,1.0,,,,,,",
            f"{start}/train/patient00002/study2/view1_frontal.jpg,Male,87,Frontal,PA,,,,,,,,-1.0,,,,,,",
        ],
        "valid.csv": [
            f"{start}/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,0.0,,,,,,,1.0,,,,,,0.0",
        ],
    }
    for name, listed in lines.items():
        home.mkdir(exist_ok=True)
        (home / name).write_text("\n".join([CHEXPERT_HEADER, *listed]) + "\n")
        for seed, row in enumerate(listed):
            film(home / row.partition(",")[0].partition("/")[2], seed + 10 * ord(name[0]))
    table = index.index(home)
    assert table["error"].eq("").all()
    assert table[["split", "label", "person"]].to_numpy().tolist() == [
        ["train", "NORMAL", "patient00001"],
        ["train", "PNEUMONIA", "patient00002"],
        ["val", "PNEUMONIA", "patient64541"],
    ]
    assert table["about_Age"].tolist() == ["68", "87", "73"]
    # The uncertain film (-1) is neither class.
    assert any("1 row left out: are uncertain (-1)" in each for each in scan(home).warnings)
    assert evaluation.choose(home, "val")["label"].tolist() == ["PNEUMONIA"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_any_table_with_columns_by_option(tmp_path: Path, suffix: str) -> None:
    listed = pd.DataFrame(
        {
            "File": ["a/1.png", "a/2.png", "b/1.png", "../out.png", "a/lost.png"],
            "Diagnosis": ["healthy", "covid", "healthy", "covid", "covid"],
            "Part": ["test", "test", "train", "train", "train"],
            "ID": [1, 1, 2, 3, 4],
            "Scanner": ["A", "B", "A", "A", "B"],
        }
    )
    name = f"list{suffix}"
    if suffix == ".csv":
        listed.to_csv(tmp_path / name, index=False)
    else:
        listed.to_parquet(tmp_path / name)
    for place in range(3):
        film(tmp_path / str(listed["File"][place]), place)
    columns = "path=File,label=Diagnosis,split=Part,patient=ID"
    classes = "healthy=NORMAL,covid=PNEUMONIA"
    out = tmp_path / "table.csv"
    command = ["index", str(tmp_path), "--table", name, "--columns", columns]
    assert main([*command, "--classes", classes, "--out", str(out)]) == 0
    table = pd.read_csv(out, keep_default_na=False).set_index("path")
    assert table.loc["a/2.png", ["split", "label", "about_Scanner"]].tolist() == [
        "test",
        "PNEUMONIA",
        "B",
    ]
    assert table.index.tolist() == ["a/1.png", "a/2.png", "b/1.png"]
    found = scan(tmp_path)
    assert [(each.reason, each.count, each.examples) for each in found.left_out] == [
        (places.OUTSIDE, 1, ("../out.png",)),
        (places.ABSENT, 1, ("a/lost.png",)),
    ]


def test_pages_of_parts_read_only_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP", 50)
    monkeypatch.setattr(parquet, "PART", 200)
    rows = pd.DataFrame(
        {
            "file": [f"{i:04d}" for i in range(1_000)],
            "split": np.where(np.arange(1_000) % 4 == 0, "test", "train"),
            "label": np.where(np.arange(1_000) % 3 == 0, "NORMAL", "PNEUMONIA"),
        }
    )
    folder = tmp_path / "films.parquet"
    with parquet.Writer(folder, counted=("split", "label")) as table:
        for start in range(0, 1_000, 70):
            table.add(rows.iloc[start : start + 70])
    seen = [parquet.page(folder, number, 48, ["file"])["file"].tolist() for number in range(1, 23)]
    assert sorted(file for page in seen for file in page) == rows["file"].tolist()
    assert [len(page) for page in seen] == [48] * 20 + [40, 0]
    where = {"split": ["test"], "label": ["NORMAL"]}
    wanted = rows.query("split == 'test' and label == 'NORMAL'")["file"].tolist()
    assert parquet.count(folder, where) == len(wanted)
    some = [
        parquet.page(folder, number, 30, ["file"], where)["file"].tolist() for number in (1, 2, 3)
    ]
    assert [file for page in some for file in page] == wanted


def test_a_table_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "films.parquet"
    rows = pd.DataFrame({"file": ["a"], "split": ["test"]})
    with parquet.Writer(folder) as table:
        table.add(rows)
    with pytest.raises(KeyError), parquet.Writer(folder) as table:
        table.add(rows)
        raise KeyError
    assert parquet.read(folder)["file"].tolist() == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["films.parquet"]
