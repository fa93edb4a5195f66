"""The audit's record on networks of known answers: asked once each, kept, judged, and written.

Answers are kept beside each network (``PART.npz``) with a hash of what was shown and of the
network, so that work that was stopped goes on where it was. Verdicts are computed from them anew
each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xray.audits import findings, insertion, judging, showing
from xray.audits.insertion import KINDS, Donors, Material
from xray.audits.judging import Verdict
from xray.audits.known import answers, networks, specs
from xray.audits.known import truth as truths
from xray.audits.known.specs import BARE
from xray.classes import HEALTHY
from xray.drawing import rendering
from xray.drawing.layers import Layer
from xray.environment import artifact
from xray.errors import ArtifactError, ModelError
from xray.files import hash_json
from xray.films.pixels import Bytes
from xray.jobs.progress import Progress
from xray.labels import devices
from xray.labels.devices import Look
from xray.metrics import bootstrap
from xray.models import precision
from xray.models.card import Card

#: What networks are shown: the audit's films and donors; held-out films with donors of another
#: labelling, which say what is true; the audit again from another seed; the audit's films with
#: the other labelling's donors; and with devices rendered from facts.
PARTS = ("audit", "truth", "seed", "donors", "rendered")
#: Networks that share what is drawn for them, and heads the backbone's features; so many are asked
#: again after a stop.
TOGETHER = 48
#: Kinds that are planted: nature forces no network to read them, or hardly.
PLANTS = ("line", "tube", "electrode")


@dataclass(frozen=True, eq=False)
class Bench:
    """The films that the panel is trained, asked and judged on.

    Attributes
    ----------
    table : ``specs.marked`` table of the public set
    films : (N, S, S) uint8
    use : ``specs.held_out`` of the table
    second : looks of the second labelling, by file; what is planted comes out of these
    first : looks at the films that are audited
    anew : looks of another labelling, which say what is true
    """

    table: pd.DataFrame
    films: Bytes
    use: pd.Series
    second: Mapping[str, Sequence[Look]]
    first: Mapping[str, Sequence[Look]] = field(default_factory=devices.stored_geometry)
    anew: Mapping[str, Sequence[Look]] = field(default_factory=devices.second)

    def material(self, part: str, without: frozenset[str] = frozenset()) -> Material:
        """What networks are shown in one of ``PARTS``.

        Parameters
        ----------
        without : files whose devices a network was trained with; they give no layer
        """
        anew = {file: looks for file, looks in self.anew.items() if file not in without}
        if part == "truth":
            return truths.truth_material(self.table, self.use, self.films, anew)
        looks, givers = self.first, None
        layers: Sequence[Layer] = ()
        if part == "donors":
            looks, givers = anew, self.use == "donor"
        elif part == "rendered":
            path = artifact("devices", rendering.FILE)
            looks, layers = {}, rendering.read(self.films.shape[1:], path)
        return truths.audit_material(
            self.table,
            self.films,
            looks,
            seed=int(part == "seed"),
            further=layers,
            givers=givers,
        )


def ask(
    bench: Bench,
    part: str,
    out: Path,
    weights: Path | None,
    cards: Sequence[Card],
    without: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> dict[str, Verdict]:
    """Verdicts on networks by what they say in one part; those not asked yet are asked.

    Parameters
    ----------
    out : folder of the networks; answers are kept there
    weights : file of VGG19 weights, for heads on it
    """
    material = bench.material(part, without)
    coarse = "bfloat16" if precision.has_bfloat16() else "float32"
    of_all = answers.content(material)
    shown = {card.name: hash_json([of_all, card.as_read, coarse]) for card in cards}
    paths = {card.name: out / card.name / f"{part}.npz" for card in cards}
    missing = [name for name, path in paths.items() if answers.kept(path, shown[name]) is None]
    for start in range(0, len(missing), TOGETHER):
        models = truths.stored(out, weights, missing[start : start + TOGETHER])
        told = showing.ask(models, material, clouds=False, precision=coarse, progress=progress)
        for model, trials in zip(models, told, strict=True):
            if trials.problem:
                raise ModelError(f"{model.card.name}: {trials.problem}")
            answers.keep(paths[model.card.name], trials, shown[model.card.name])
    verdicts = {}
    for card in cards:
        known = answers.kept(paths[card.name], shown[card.name])
        if known is not None:
            # What is true is counted at the threshold itself, however the audit counts.
            own, averaged = card.threshold_log_odds, part != "truth"
            verdicts[card.name] = judging.judge(material, known, own, averaged=averaged)
    return verdicts


def planters(bench: Bench) -> dict[str, Donors]:
    """Donors of the second labelling that networks are planted with.

    Their nulls are cut from films that nothing is measured on (``specs.held_out``: "kin").
    """
    kept = bench.use.isin(["kin", "donor"]).to_numpy()
    bare = ((bench.use == "kin") & (bench.table["confidence"] < BARE)).to_numpy()
    none = np.zeros(int(kept.sum()), bool)
    material = insertion.prepare(
        bench.table[kept], bench.films[kept], bench.second, none, bare[kept], kinds=PLANTS
    )
    return networks.planters(material.donors)


def measure(
    bench: Bench,
    part: str,
    out: Path,
    weights: Path | None,
    cards: Sequence[Card],
    stage: Callable[[str], Progress | None] = lambda _: None,
) -> dict[str, Verdict]:
    """Verdicts on all networks by one part; the planted ones never by what they were taught with.

    Parameters
    ----------
    stage : called with the name of a stretch of the work, gives its progress callback
    """
    rest = [card for card in cards if card.settings["shown"] == "planted"]
    if part not in ("truth", "donors") or not rest:
        return ask(bench, part, out, weights, cards, progress=stage(part))
    plain = [card for card in cards if card not in rest]
    verdicts = ask(bench, part, out, weights, plain, progress=stage(part))
    taught = planters(bench).values()
    without = frozenset(layer.file for of_kind in taught for layer in of_kind.layers)
    return verdicts | ask(bench, part, out, weights, rest, without, stage(f"{part}, planted"))


def rows(
    known: Mapping[str, Verdict], audits: Mapping[str, Verdict], cards: Sequence[Card]
) -> pd.DataFrame:
    """A row a network and kind: what is true of it, and what the audit says.

    Returns
    -------
    DataFrame
        network, architecture, meaning, shown, framing, seed, kind, truth ("reliant", "clean" or
        "open"), truth_calls with truth_low and truth_high (points of 100 healthy held-out films
        that devices of another labelling add to the calls, beyond the null, 95 %), truth_score,
        truth_called (of 100 such films without devices), verdict, score, called (of 100 healthy
        films of the audit), auroc
    """
    made = []
    for card in cards:
        if card.name not in known or card.name not in audits:
            continue
        told, true = audits[card.name], {kind.kind: kind for kind in known[card.name].kinds}
        for kind in told.kinds:
            if kind.kind not in true:
                continue
            made.append(
                {
                    "network": card.name,
                    **{name: card.settings[name] for name in SETTINGS},
                    "kind": kind.kind,
                    "truth": truths.truth(true[kind.kind]),
                    **_calls(known[card.name], kind.kind),
                    "truth_score": true[kind.kind].score,
                    "truth_called": _healthy(known[card.name], kind.kind).get("called_before"),
                    "verdict": kind.verdict,
                    "score": kind.score,
                    "called": _healthy(told, kind.kind).get("called_before"),
                    "auroc": told.auroc[0],
                }
            )
    return pd.DataFrame(made)


def added(before: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """A record with further networks; those that were asked again stand as they answer now.

    Parameters
    ----------
    before, rows : ``rows`` of the same audit
    """
    return pd.concat([before[~before["network"].isin(rows["network"])], rows], ignore_index=True)


#: Of a network's ``Spec``, what the record repeats.
SETTINGS = ("architecture", "meaning", "shown", "framing", "seed")


def _calls(verdict: Verdict, kind: str) -> dict[str, float | None]:
    row = _healthy(verdict, kind)
    ends = (("calls", ""), ("low", "_low"), ("high", "_high"))
    return {f"truth_{end}": row.get(f"calls{of}") for end, of in ends}


def _healthy(verdict: Verdict, kind: str) -> Mapping[str, Any]:
    """What devices of a kind laid on healthy films change; nothing where none were."""
    asked = ("insertion", kind, HEALTHY)
    found = (e for e in verdict.effects if (e["test"], e["kind"], e["label"]) == asked)
    return next(found, {})


def quality(table: pd.DataFrame) -> pd.DataFrame:
    """How often the audit is right, over networks whose truth is not open.

    Returns
    -------
    DataFrame
        kind ("" for all kinds together), measure, value, low, high, n, always: AUROC of the size
        of the score (reliant against clean), detection (reliant networks told to read),
        false_alarms (clean ones), undecided (of both), each with how many networks it rests on
        and what accusing every network would score. Intervals are Newcombe's and Wilson's within
        a kind, where each network stands once; over all kinds networks are drawn again whole.

    Raises
    ------
    ArtifactError
        There is no row to judge by.
    """
    if table.empty:
        raise ArtifactError("No network of known answers was asked; run 'python -m xray panel'.")
    settled = table[table["truth"].isin(["reliant", "clean"])]
    parts = [(kind, settled[settled["kind"] == kind]) for kind in KINDS]
    return pd.DataFrame(
        [row for kind, part in [*parts, ("", settled)] for row in _measures(kind, part)]
    ).assign(bounds=findings.BOUNDS)


def _measures(kind: str, part: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The four figures of one kind, or of all."""
    reliant = (part["truth"] == "reliant").to_numpy()
    reads = (part["verdict"] == "reads_devices").to_numpy()
    unsure = part["verdict"].isin(["inconclusive", "cannot_be_judged"]).to_numpy()
    score = part["score"].abs().to_numpy()
    drawn = bootstrap.resamples(part["network"].to_numpy().astype(str)) if len(part) else None
    area = low = high = float("nan")
    if reliant.any() and not reliant.all():
        area = float(bootstrap.auroc(reliant, score)[0])
        low, high = bootstrap.newcombe(area, int(reliant.sum()), int((~reliant).sum()))
        if not kind:
            low, high, _ = bootstrap.percentiles(bootstrap.auroc(reliant, score, drawn))
    yield {
        "kind": kind,
        "measure": "auroc",
        "value": area,
        "low": low,
        "high": high,
        "n": len(part),
        "always": 0.5,
    }
    for measure, of, hit, always in (
        ("detection", reliant, reads, 1.0),
        ("false_alarms", ~reliant, reads, 1.0),
        ("undecided", np.ones(len(part), bool), unsure, 0.0),
    ):
        n, hits = int(of.sum()), int((of & hit).sum())
        low, high = bootstrap.wilson(hits, n)
        if not kind and drawn is not None and 0 < hits < n:
            shares = (drawn @ (of & hit)) / np.maximum(drawn @ of.astype(float), 1e-9)
            low, high, _ = bootstrap.percentiles(shares)
        yield {
            "kind": kind,
            "measure": measure,
            "value": hits / n if n else float("nan"),
            "low": low,
            "high": high,
            "n": n,
            "always": always,
        }


def agreement(
    first: Mapping[str, Verdict], again: Mapping[str, Verdict], part: str
) -> pd.DataFrame:
    """How far two audits of the same networks agree, kind by kind.

    Returns
    -------
    DataFrame
        part, kind, pairs (networks both audits judged for the kind), same (verdicts alike, as a
        share, with low and high by Wilson), decided (pairs that neither leaves inconclusive),
        against (told "reads_devices" by one and "no_reliance" by the other), difference and its
        spread (mean and standard deviation of the difference of scores, in margins: Bland and
        Altman's limits of agreement are the mean and 1.96 of the spread either way), correlation
        and slope (of the second audit's scores on the first's, by least squares)
    """
    made = []
    for kind in KINDS:
        pairs = [
            (a, b)
            for name in first
            if name in again
            for a in first[name].kinds
            for b in again[name].kinds
            if a.kind == b.kind == kind and "cannot_be_judged" not in (a.verdict, b.verdict)
        ]
        if not pairs:
            continue
        same = sum(a.verdict == b.verdict for a, b in pairs)
        decided = sum("inconclusive" not in (a.verdict, b.verdict) for a, b in pairs)
        against = sum({a.verdict, b.verdict} == {"reads_devices", "no_reliance"} for a, b in pairs)
        low, high = bootstrap.wilson(same, len(pairs))
        one, two = np.array([[a.score, b.score] for a, b in pairs]).T
        apart = two - one
        varies = len(pairs) > 2 and one.std() > 0 and two.std() > 0
        made.append(
            {
                "part": part,
                "kind": kind,
                "pairs": len(pairs),
                "same": same / len(pairs),
                "low": low,
                "high": high,
                "decided": decided,
                "against": against,
                "difference": float(apart.mean()),
                "spread": float(apart.std(ddof=1)) if len(apart) > 1 else float("nan"),
                "correlation": float(np.corrcoef(one, two)[0, 1]) if varies else float("nan"),
                "slope": float(np.polyfit(one, two, 1)[0]) if varies else float("nan"),
            }
        )
    return pd.DataFrame(made)


def bench(films: Bytes, table: pd.DataFrame, by_look: bool = False) -> Bench:
    """The bench of the public films: marked, with what every training leaves out.

    Parameters
    ----------
    by_look : electrodes and other devices are told apart by their look (``devices.by_look``)
    """
    marked = specs.marked(table)
    first, second = devices.stored_geometry(), devices.second()
    anew = second
    if by_look:
        looks = devices.by_look()
        first = {file: passes for file, passes in looks.items() if file in first}
        anew = {file: passes for file, passes in looks.items() if file not in first}
    return Bench(marked, films, specs.held_out(marked, list(anew)), second, first, anew)
