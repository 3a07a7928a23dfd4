"""How well patterns agree with those that people have labelled: loghub, eight systems of 2,000 lines, one setting.

    python -m benchmarks.accuracy [FOLDER]

FOLDER holds loghub's corrected CSV files (default: `loghub` in the folder of LOGNB_REALWORLD; they are for research only,
and not in this repository). Four numbers for each system, as in the published comparisons, 1 is best:

  GA   lines whose group is exactly a true group
  FGA  groups that are exactly a true group: harmonic mean of precision and recall
  PA   lines whose template is the true one, letter for letter but for blanks
  FTA  templates that are the true one of all their lines: harmonic mean of precision and recall

The rules were written with these eight systems at hand. Systems that they had never seen got less: GA 0.61 on average on
eight others, before those were read.
"""

from __future__ import annotations

import csv
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from lognb.mining.mine import mine

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

TARGETS: Final = {"GA": 0.98, "FGA": 0.95, "PA": 0.80, "FTA": 0.78}


class Accuracy(NamedTuple):
    """The four numbers."""

    ga: float
    fga: float
    pa: float
    fta: float


def measured(truth: Sequence[str], groups: Sequence[Hashable], templates: Sequence[str]) -> Accuracy:
    """Of lines with their true template, the group they were put in, and its template."""
    of_truth, of_group = _places(truth), _places(groups)
    right = [places for places in of_group.values() if of_truth[truth[places[0]]] == places]
    meant, said = [" ".join(t.split()) for t in truth], [" ".join(t.split()) for t in templates]
    same = [t for t, places in _places(said).items() if {meant[i] for i in places} == {t}]
    return Accuracy(
        ga=sum(map(len, right)) / len(truth),
        fga=_mean(len(right), len(of_group), len(of_truth)),
        pa=sum(a == b for a, b in zip(meant, said, strict=True)) / len(truth),
        fta=_mean(len(same), len(set(said)), len(set(meant))),
    )


def _places(values: Iterable[Hashable]) -> dict[Hashable, list[int]]:
    out: defaultdict[Hashable, list[int]] = defaultdict(list)
    for i, value in enumerate(values):
        out[value].append(i)
    return out


def _mean(right: int, found: int, true: int) -> float:
    """The harmonic mean of right/found and right/true."""
    return 2 * right / (found + true) if right else 0.0


def of_file(path: Path) -> Accuracy:
    """Of one system's file."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file))
    bodies = pl.Series([row["Content"] for row in rows])
    found = mine(lambda: iter([bodies]))
    codes, templates = found.codes.tolist(), found.patterns["template"].to_list()
    return measured([row["EventTemplate"] for row in rows], codes, [templates[code] for code in codes])


def of_folder(folder: Path) -> dict[str, Accuracy]:
    """Of each system in a folder, and their mean as "mean"."""
    out = {path.name.partition("_")[0]: of_file(path) for path in sorted(folder.glob("*.csv"))}
    if out:
        out["mean"] = Accuracy(*(sum(column) / len(out) for column in zip(*out.values(), strict=True)))
    return out


def main() -> None:
    given = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.environ.get("LOGNB_REALWORLD", "."), "loghub")  # noqa: PTH118
    found = of_folder(Path(given))
    if not found:
        sys.exit(f"{given} holds no CSV file of loghub; name the folder that does")
    print(f"{'':10}" + "".join(f"{name:>7}" for name in TARGETS))
    for system, accuracy in found.items():
        print(f"{system:10}" + "".join(f"{value:7.3f}" for value in accuracy))
    missed = [name for name, value in zip(TARGETS, found["mean"], strict=True) if value < TARGETS[name]]
    print(f"{'target':10}" + "".join(f"{value:7.3f}" for value in TARGETS.values()))
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
