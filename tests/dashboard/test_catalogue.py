"""Finding films: filters, orders, pages, neighbours, facts; and all of it at 100,000 rows."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from xray.dashboard import catalogue as browse
from xray.dashboard.catalogue import Call, Catalogue, Wish
from xray.dataset import leakage, public_set
from xray.labels import devices as device_labels


def predictions(log_odds: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"file": list(log_odds), "log_odds": list(log_odds.values())})


FILES = ("test/NORMAL/a", "test/NORMAL/b", "test/PNEUMONIA/c", "test/PNEUMONIA/d", "train/NORMAL/e")


@pytest.fixture(scope="module")
def small() -> Catalogue:
    """Five films, out of order, two models: "one" saw four of them, "two" three."""
    table = pd.DataFrame(
        {
            "file": FILES,
            "path": FILES,
            "name": ["A_film.png", "b.png", "c.png", "d.png", "e.png"],
            "split": ["test", "test", "test", "test", "train"],
            "label": ["NORMAL", "NORMAL", "PNEUMONIA", "PNEUMONIA", "NORMAL"],
            "subtype": ["", "", "bacteria", "virus", ""],
            "person": ["p1", "p2", "p3", "p3", "p1"],
            "width": [100.0, 400.0, 200.0, np.nan, 300.0],
            "height": [100.0, 100.0, 100.0, np.nan, 100.0],
            "mode": ["L", "L", "RGB", "", "L"],
            "bytes": [1024, 2048, 3072, -1, 4096],
            "mean": [0.1, 0.5, 0.3, np.nan, 0.4],
            "contrast": 0.2,
            "sha256": ["1", "2", "3", "", "1"],
            "jpeg_quality": [75.0, np.nan, np.nan, np.nan, np.nan],
            "error": ["", "", "", "it is empty", ""],
        }
    )
    devices = pd.DataFrame(
        {
            "has_device": [True, False, True],
            "confidence": [0.9, 0.2, 0.6],
            **dict.fromkeys(device_labels.KINDS, 0.0),
            "tech_text": [0.0, 1.0, 0.5],
        },
        index=pd.Index([FILES[0], FILES[1], FILES[2]], name="file"),
    )
    devices.loc[FILES[0], "tube"] = 0.9
    calls = {
        "one": Call(0.5, predictions(dict(zip(FILES[:4], (-2.0, 3.0, 0.6, -1.0), strict=True)))),
        "two": Call(0.0, predictions(dict(zip(FILES[1:4], (1.0, 2.0, 0.5), strict=True)))),
    }
    shuffled = table.iloc[[3, 0, 4, 1, 2]].reset_index(drop=True)
    groups = {"identical": leakage.identical(shuffled), "leaked": leakage.persons(shuffled)}
    return browse.build(shuffled, devices, calls, groups)


def names(catalogue: Catalogue, wish: Wish) -> str:
    return "".join(catalogue.table["file"].iloc[browse.find(catalogue, wish)].str[-1])


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(), "abcde"),
        (Wish(splits=("train",)), "e"),
        (Wish(splits=("train", "test"), classes=("NORMAL",)), "abe"),
        (Wish(classes=("PNEUMONIA/virus",)), "d"),
        (Wish(classes=("PNEUMONIA",)), "cd"),
        (Wish(traits=("device",)), "ac"),
        (Wish(traits=("no-device",)), "b"),
        (Wish(traits=("tube",)), "a"),
        (Wish(traits=("text",)), "b"),
        (Wish(traits=("device", "tube")), "a"),
        (Wish(traits=("odd-odd_mode",)), "c"),
        (Wish(traits=("identical",)), "ae"),
        (Wish(traits=("leaked",)), "ae"),
        (Wish(traits=("disagree",)), "d"),
        (Wish(model="one", outcomes=("TP",)), "c"),
        (Wish(model="one", outcomes=("FP", "FN")), "bd"),
        (Wish(model="one", outcomes=("TN",)), "a"),
        (Wish(model="unheard of", outcomes=("TP",)), "abcde"),
        (Wish(person="p3"), "cd"),
        (Wish(name="FILM"), "a"),
        (Wish(name=".png"), "abcde"),
        (Wish(name="(["), ""),
        (Wish(splits=("val",)), ""),
    ],
)
def test_filters(small: Catalogue, wish: Wish, expected: str) -> None:
    assert names(small, wish) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("file", "abcde"),
        ("large", "beca"),
        ("small", "aceb"),
        ("bright", "beca"),
        ("dark", "aceb"),
        ("device", "acb"),
        ("high", "bcda"),
        ("low", "adcb"),
        ("sure", "abdc"),
        ("unsure", "cdab"),
        ("wrong", "bdca"),
    ],
)
def test_orders_put_what_is_unknown_last(small: Catalogue, sort: str, expected: str) -> None:
    found = names(small, Wish(sort=sort, model="one"))
    assert found.startswith(expected)
    rest = found[len(expected) :]
    assert rest == "".join(sorted(rest)) and sorted(found) == list("abcde")


def test_an_order_by_an_oddity(small: Catalogue) -> None:
    assert names(small, Wish(sort="odd-aspect"))[:3] == "bec"


def test_every_trait_and_order_on_offer_works(small: Catalogue) -> None:
    for trait in browse.TRAITS:
        assert browse.has(small, trait).dtype == bool, trait
    for sort in browse.SORTS:
        rows = browse.find(small, Wish(sort=sort, model="one"))
        assert sorted(rows) == list(range(5)), sort


def test_pages_and_neighbours() -> None:
    rows = np.array([7, 3, 9, 1, 4], dtype=np.int32)
    assert [browse.pages(n, 24) for n in (0, 1, 24, 25)] == [1, 1, 1, 2]
    assert browse.page(rows, 1, 2).tolist() == [7, 3]
    assert browse.page(rows, 3, 2).tolist() == [4]
    assert browse.page(rows, 99, 2).tolist() == [4], "a number beyond the last gives the last page"
    assert browse.page(rows, -5, 2).tolist() == [7, 3]
    assert browse.beside(rows, 7) == (None, 3) and browse.beside(rows, 4) == (1, None)
    assert browse.beside(rows, 9) == (3, 1) and browse.beside(rows, 5) == (None, None)


def test_related_films_leave_the_film_itself_out(small: Catalogue) -> None:
    found = browse.related(small, 0)
    assert {way: rows.tolist() for way, rows in found.items()} == {"identical": [4], "person": [4]}
    assert browse.related(small, 1) == {}


def test_facts_leave_out_what_is_unknown(small: Catalogue) -> None:
    known = dict(browse.facts(small, 0))
    assert known["Original size"] == "100 × 100, aspect 1.00" and known["File size"] == "1 KiB"
    assert known["Devices"] == "tube" and known["JPEG quality"] == "about 75"
    damaged = dict(browse.facts(small, 3))
    assert damaged["Problem"] == "it is empty" and damaged["Class"] == "PNEUMONIA virus"
    assert not {"Original size", "File size", "Brightness", "Devices"} & set(damaged)
    assert dict(browse.facts(small, 2))["Odd"] == "stored unlike the others, extreme aspect"


def test_note_says_what_a_model_calls_a_film(small: Catalogue) -> None:
    assert browse.note(small, 2) == "test, bacteria"
    assert browse.note(small, 2, "one") == "test, 65 %, found"
    assert browse.note(small, 4, "one") == "train"


def test_a_training_film_that_a_model_calls_was_kept_for_its_validation(small: Catalogue) -> None:
    outcome = {"one": np.where(np.arange(5) == 4, np.int8(2), small.outcome["one"])}
    log_odds = {"one": np.where(np.arange(5) == 4, 3.0, small.log_odds["one"])}
    called = replace(small, outcome=outcome, log_odds=log_odds)
    assert browse.note(called, 4, "one") == "models' validation, 95 %, false alarm"
    assert browse.note(called, 4) == "train"


def test_only_models_that_are_compared_disagree(small: Catalogue) -> None:
    table, shown = small.table, ["one", "two", "three"]
    odds = {name: dict.fromkeys(FILES, -1 if name == "three" else 1) for name in shown}
    calls = {name: Call(0.0, predictions(each)) for name, each in odds.items()}

    def built(*compared: str) -> tuple[list[str], int, int]:
        made = browse.build(table, None, calls, compared=compared)
        return made.compared, made.judged, int(made.disagree.sum())

    assert built("one", "two") == (["one", "two"], 5, 0)
    assert built("two", "three") == (["two", "three"], 5, 5)
    # One alone, or one without calls of these films: all are.
    assert built("one") == built("one", "unknown") == built() == (shown, 5, 5)


def test_tokens_name_films_and_nothing_of_their_files(small: Catalogue) -> None:
    assert [small.row(str(token)) for token in small.tokens] == list(range(5))
    assert small.row("") is None and small.row("ffffffffffff") is None
    assert all(len(token) == 12 and int(token, 16) >= 0 for token in small.tokens)


def test_an_empty_table_and_one_without_labels() -> None:
    table = public_set.read().head(0)
    empty = browse.build(table)
    assert len(browse.find(empty, Wish(traits=("device",), sort="wrong"))) == 0
    bare = browse.build(public_set.read().head(50))
    assert not browse.has(bare, "device").any() and not browse.has(bare, "no-device").any()
    assert not browse.has(bare, "identical").any() and not bare.disagree.any()
    assert bare.judged == 0


def test_known_truths_are_found() -> None:
    table = public_set.read()
    groups = {"identical": leakage.identical(table), "leaked": leakage.persons(table)}
    catalogue = browse.build(table, device_labels.load(), None, groups)

    def count(*traits: str, **wish: tuple[str, ...]) -> int:
        return len(browse.find(catalogue, Wish(traits=traits, **wish)))

    train = {"splits": ("train",)}
    sick, well = {**train, "classes": ("PNEUMONIA",)}, {**train, "classes": ("NORMAL",)}
    assert count("odd-odd_mode") == count("odd-odd_mode", **sick) == 283
    assert count("identical") == 62
    assert round(count("device", **sick) / count(**sick), 2) == 0.55
    assert round(count("device", **well) / count(**well), 3) == 0.025
    assert round(count("text", **sick) / count(**sick), 3) == 0.177
    assert round(count("text", **well) / count(**well), 3) == 0.004


def test_a_hundred_thousand_films_are_found_in_a_moment() -> None:
    stored = public_set.read()
    copies = [stored.assign(file=f"{i}/" + stored["file"]) for i in range(18)]
    table = pd.concat(copies, ignore_index=True).head(100_000)
    rng = np.random.default_rng(0)
    calls = {
        "m": Call(0.0, pd.DataFrame({"file": table["file"], "log_odds": rng.normal(0, 3, 10**5)}))
    }
    catalogue = browse.build(table, None, calls)
    assert len(set(catalogue.tokens.tolist())) == 100_000
    wish = Wish(("train",), ("NORMAL",), ("odd-aspect",), "m", ("FP",), name="IM", sort="wrong")
    wishes = (Wish(), Wish(sort="wrong", model="m"), wish)
    # Processor time, so that other work on the machine does not decide.
    start = time.process_time()
    for each in wishes:
        browse.page(browse.find(catalogue, each), 3, 24)
    assert time.process_time() - start < 1.0
