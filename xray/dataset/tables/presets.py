"""Tables of well-known sets, told by their columns, whatever the file is called.

NIH ChestX-ray14 (2017 and 2020), CheXpert, MIMIC-CXR (the labels of CheXpert or NegBio), the RSNA
pneumonia challenge, the ieee8023 COVID collection, and the CoronaHack set of Kaggle.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from xray.classes import HEALTHY, SICK, Classes
from xray.dataset.tables.labelling import NO_FINDING, Rule


@dataclass(frozen=True)
class Columns:
    """Which column of a table says what.

    Attributes
    ----------
    path : names the film: a path in the folder, or an id
    label : says the class; "" where a ``Rule`` looks elsewhere
    split, patient : "" where there is none
    further : columns kept to compare films by
    """

    path: str = "path"
    label: str = "label"
    split: str = ""
    patient: str = ""
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preset:
    """A published form of a table.

    Attributes
    ----------
    kind : name of the set
    needs : columns by which it is told
    columns, rule, classes : how it is read where nobody says otherwise
    findings : whether each finding has a column of its own (1, 0, -1)
    several : whether the label's column holds several findings
    splits : beginning of the table's name -> split of all its rows
    study : whether a row stands for all films of a study, in a folder named after it
    """

    kind: str
    needs: frozenset[str]
    columns: Columns
    rule: Rule
    classes: Classes
    findings: bool = False
    several: bool = False
    splits: Mapping[str, str] = field(default_factory=dict)
    study: bool = False

    def fits(self, columns: Collection[str]) -> bool:
        """Whether a table of these columns has this form."""
        return self.needs <= set(columns)

    def split(self, name: str) -> str:
        """Split of a table by its name; "" where it tells none."""
        starts = (split for start, split in self.splits.items() if name.lower().startswith(start))
        return next(starts, "")


_PNEUMONIA = Classes(values={"Pneumonia": SICK, NO_FINDING: HEALTHY})

PRESETS = (
    Preset(
        "NIH ChestX-ray14",
        frozenset({"Image Index", "Finding Labels"}),
        Columns(
            "Image Index",
            "Finding Labels",
            patient="Patient ID",
            further=("Patient Age", "Patient Gender", "Patient Sex", "View Position"),
        ),
        Rule("Finding Labels"),
        _PNEUMONIA,
        several=True,
    ),
    Preset(
        "MIMIC-CXR",
        frozenset({"subject_id", "study_id", "Pneumonia", NO_FINDING}),
        Columns("study_id", "", patient="subject_id"),
        Rule(finding="Pneumonia"),
        Classes(),
        findings=True,
        study=True,
    ),
    Preset(
        "CheXpert",
        frozenset({"Path", "Pneumonia", NO_FINDING}),
        Columns("Path", "", further=("Sex", "Age", "Frontal/Lateral", "AP/PA")),
        Rule(finding="Pneumonia"),
        Classes(),
        findings=True,
        splits={"train": "train", "valid": "val", "test": "test"},
    ),
    Preset(
        "RSNA pneumonia challenge",
        frozenset({"patientId", "Target"}),
        Columns("patientId", "Target", patient="patientId"),
        Rule(positive=(("Target", "1"),), negative=(("Target", "0"),)),
        Classes("no lung opacity", "lung opacity"),
    ),
    Preset(
        "RSNA pneumonia challenge",
        frozenset({"patientId", "class"}),
        Columns("patientId", "class", patient="patientId"),
        Rule("class"),
        Classes("Normal", "lung opacity", {"Normal": "Normal", "Lung Opacity": "lung opacity"}),
    ),
    Preset(
        "ieee8023 COVID collection",
        frozenset({"patientid", "finding", "filename"}),
        Columns("filename", "finding", patient="patientid", further=("sex", "age", "view")),
        # Its "Pneumonia/Viral/COVID-19" names a kind, its cause and the germ.
        Rule("finding", only=("modality", ("X-ray",)), lists="/"),
        _PNEUMONIA,
        several=True,
    ),
    Preset(
        "CoronaHack",
        frozenset({"X_ray_image_name", "Label", "Dataset_type"}),
        Columns(
            "X_ray_image_name",
            "Label",
            split="Dataset_type",
            further=("Label_1_Virus_category", "Label_2_Virus_category"),
        ),
        Rule("Label"),
        Classes(values={"Pnemonia": SICK, "Pneumonia": SICK, "Normal": HEALTHY}),
    ),
)


def of(columns: Collection[str]) -> Preset | None:
    """The form that a table of these columns has; None of none that is known."""
    return next((preset for preset in PRESETS if preset.fits(columns)), None)


def by_kind(kind: str, columns: Collection[str]) -> Preset | None:
    """The form of a name, as far as these columns have it."""
    return next((each for each in PRESETS if each.kind == kind and each.fits(columns)), None)
