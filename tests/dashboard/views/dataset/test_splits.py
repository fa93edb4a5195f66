"""Splits and cleaning lists, exported as they are shown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.dashboard.conftest import Opener
from tests.helpers.visits import grid, words
from xray.dataset import cleaning, outliers
from xray.labels import devices


def test_splits_are_exported_as_they_are_shown(
    visit: Opener, exports: dict[str, pd.DataFrame]
) -> None:
    titles = ["Original", "Device-free train", "70/15/15"]
    app = visit(
        "dataset", section="Splits and cleaning", names=titles, seed="5", keep_patients="true"
    )
    assert app.number_input(key="seed").value == 5
    assert app.title[0].value.startswith("The split that came with the data has 170 possible")
    assert set(exports) == {
        f"split-{name}-5.csv" for name in ("original", "device_free", "stratified_70_15_15")
    }
    assert all(len(table) == 5856 for table in exports.values())
    shown = devices.load()["has_device"]
    train = exports["split-device_free-5.csv"].query("split == 'train'")
    assert len(train) > 2000 and not train["file"].map(shown.to_dict()).any()


def test_cleaning_lists_can_be_used_as_they_are_saved(
    visit: Opener, exports: dict[str, pd.DataFrame], tmp_path: Path, public: pd.DataFrame
) -> None:
    odd = outliers.BY_NAME["odd_mode"].title
    app = visit(
        "dataset", section="Splits and cleaning", view="Cleaning list", doubles="false", odd=odd
    )
    assert "283 of 5,856 films are on the list" in words(app)
    path = tmp_path / "exclude.csv"
    exports["exclude.csv"].to_csv(path, index=False)
    listed = cleaning.read_exclusions(path)
    assert listed == set(public.loc[public["mode"] == "RGB", "file"])
    assert cleaning.unknown_films(listed, public) == ""
    app.toggle(key="doubles").set_value(True).run()
    assert "315 of 5,856 films are on the list" in words(app)
    assert len(grid(app, "gone")) == 12
