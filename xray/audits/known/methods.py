"""How often explanations alone would have told: LIME, Grad-CAM and occlusion on the panel.

Each method gets one rule: a network reads a kind of device where the method's weight on it is
above a threshold. The threshold is set on half of the clean networks, at 5 % false alarms; how
many readers it finds, and how many clean networks of the other half it accuses, is the record.
What the audit says of the same networks stands beside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray.audits import findings, pointing
from xray.audits.insertion import KINDS, Material
from xray.audits.known import truth as truths
from xray.audits.known.answers import content
from xray.explanations import methods
from xray.files import hash_json, read_table, write_table
from xray.jobs.progress import Progress
from xray.metrics import bootstrap
from xray.models.card import Card

#: Methods that are compared.
ASKED = ("lime", "grad_cam", "occlusion")
#: Films of each kind; a network of the panel is small, and there are many.
FILMS = 8
#: Share of clean networks that a threshold accuses where it is set.
FALSE_ALARMS = 0.05
#: Fewer clean networks than this set no threshold of a kind; answers on all kinds do then.
LEAST = 6


def weigh(
    material: Material,
    out: Path,
    cards: Sequence[Card],
    seed: int = 0,
    stage: Callable[[str], Progress | None] = lambda _: None,
) -> pd.DataFrame:
    """Mean weight on devices of every network by every method; kept beside each network.

    Heads on a shared backbone are left out: explaining them costs hours.

    Returns
    -------
    DataFrame
        network, method, kind, share
    """
    asked = pointing.sights(material, FILMS, seed)
    small = [card for card in cards if card.settings["architecture"] != "vgg19"]
    say, found = stage("explanations"), []
    shown = content(material)
    for done, card in enumerate(small):
        path = out / card.name / pointing.FILE
        of = hash_json([shown, card.as_read, seed, FILMS, ASKED])
        if not path.is_file() or set(read_table(path).get("of", ())) != {of}:
            model = truths.stored(out, None, [card.name])[0]
            parts = [
                pointing.weigh(model, material, asked, method, seed).assign(method=method)
                for method in ASKED
                if not methods.why_not(method, model)
            ]
            means = pd.concat(parts).groupby(["method", "kind"])["share"].mean()
            write_table(path, means.to_frame().reset_index().assign(of=of))
        found.append(read_table(path).drop(columns="of").assign(network=card.name))
        if say:
            say(done + 1, len(small))
    return pd.concat(found, ignore_index=True)


def record(weighed: pd.DataFrame, panel: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """What each method would have told of the panel's networks, kind by kind and over all.

    Parameters
    ----------
    weighed : from ``weigh``
    panel : ``known.record.rows``: network, kind, truth, verdict

    Returns
    -------
    DataFrame
        method ("audit" for the verdict), kind ("" for all), threshold, auroc, found (share of
        reliant networks above the threshold, or told to read) with low and high (Wilson),
        reliant, accused (share of the clean networks that set no threshold), accused_low,
        accused_high, clean, networks (that the row rests on)
    """
    joined = weighed.merge(
        panel[["network", "kind", "truth", "verdict", "score"]], on=["network", "kind"]
    )
    joined = joined[joined["truth"].isin(["reliant", "clean"])]
    names = np.random.default_rng([seed, 71]).permutation(sorted(set(joined["network"])))
    joined = joined.assign(
        reliant=joined["truth"] == "reliant", sets=joined["network"].isin(names[::2])
    )
    rows = []
    for method, told in joined.groupby("method", sort=False):
        limit = told["kind"].map(_thresholds(told)).astype(float)
        # Over kinds, what counts is how far a weight lies above its own kind's threshold.
        of = told.assign(threshold=limit, above=told["share"] > limit, size=told["share"] - limit)
        rows += _rows(str(method), of[limit.notna()])
    if rows:
        told = joined.drop_duplicates(["network", "kind"])
        reads = told["verdict"] == "reads_devices"
        rows += _rows("audit", told.assign(threshold=np.nan, above=reads, size=told["score"].abs()))
    return pd.DataFrame(rows).assign(bounds=findings.BOUNDS)


def _thresholds(of_method: pd.DataFrame) -> Mapping[str, float]:
    """By kind: what ``FALSE_ALARMS`` of the clean networks of one half lie above.

    A kind with fewer than ``LEAST`` of them takes the threshold of all kinds together.
    """
    clean = of_method[~of_method["reliant"] & of_method["sets"]]
    every = clean["share"].quantile(1 - FALSE_ALARMS) if len(clean) >= LEAST else float("nan")
    own = {
        str(kind): float(part["share"].quantile(1 - FALSE_ALARMS))
        for kind, part in clean.groupby("kind")
        if len(part) >= LEAST
    }
    return dict.fromkeys(KINDS, float(every)) | own


def _rows(method: str, told: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each kind, and of all."""
    parts = [(kind, told[told["kind"] == kind]) for kind in KINDS]
    return [_row(method, kind, part) for kind, part in [*parts, ("", told)]]


def _row(method: str, kind: str, part: pd.DataFrame) -> dict[str, Any]:
    above, reliant = part["above"].to_numpy(bool), part["reliant"].to_numpy(bool)
    unseen = ~reliant & ~part["sets"].to_numpy(bool)
    counts = {}
    for name, of in (("found", reliant), ("accused", unseen)):
        n, hits = int(of.sum()), int((above & of).sum())
        low, high = bootstrap.wilson(hits, n)
        counts[name] = (hits / n if n else float("nan"), low, high, n)
    area = float("nan")
    if reliant.any() and not reliant.all():
        area = float(bootstrap.auroc(reliant, part["size"].to_numpy())[0])
    limits = part["threshold"].dropna().unique()
    found, low, high, n = counts["found"]
    accused, accused_low, accused_high, clean = counts["accused"]
    return {
        "method": method,
        "kind": kind,
        "threshold": float(limits[0]) if kind and len(limits) else float("nan"),
        "auroc": area,
        "found": found,
        "low": low,
        "high": high,
        "reliant": n,
        "accused": accused,
        "accused_low": accused_low,
        "accused_high": accused_high,
        "clean": clean,
        "networks": part["network"].nunique(),
    }
