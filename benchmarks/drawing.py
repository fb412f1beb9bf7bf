"""The plot of what is measured: an SVG for the page on performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polls import Polls
from rows import RowCosts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

OURS, OTHER = "#1f6f8b", "#c9c9c9"


def draw(costs: Mapping[str, RowCosts], polls: Polls, path: Path) -> None:
    """
    Draw three plots beside each other: CPU time and memory of rows, CPU time of a poll.

    :param costs: of each kind of source.
    :param polls: of this package, a bare loop and the peers.
    :param path: where to.
    """
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    # text stays text, and a picture of the same figures stays the same file
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "performance", "font.size": 9})
    figure, (cpu, memory, poll) = pyplot.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    framed = {source: each for source, each in costs.items() if each.pandas is not None}
    _pairs(cpu, framed, [(each.cpu, each.pandas.cpu) for each in framed.values() if each.pandas])
    cpu.set_title("CPU time of 1,000,000 rows\n(json.dumps of the same rows = 1)")
    _pairs(memory, framed, [(each.large, each.pandas.peak) for each in framed.values() if each.pandas])
    memory.set_yscale("log")
    memory.set_title("Memory of 1,000,000 rows\n(MB above the start)")
    names = sorted(polls.cost, key=lambda subject: polls.cost[subject])
    bars = poll.bar(
        names,
        [polls.cost[subject] / polls.cost["bare"] for subject in names],
        color=[OURS if subject == "copernica" else OTHER for subject in names],
    )
    poll.bar_label(bars, fmt="%.1f")
    poll.tick_params(axis="x", rotation=30)
    poll.set_title("CPU time of a poll\n(a bare aiohttp loop = 1)")
    for axes in (cpu, memory, poll):
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(y=0.15)
    figure.legend(*cpu.get_legend_handles_labels(), loc="outside lower left", ncols=2, frameon=False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _pairs(axes: Axes, names: Mapping[str, object], pairs: Sequence[tuple[float, float]]) -> None:
    width = 0.4
    for shift, label, color, heights in (
        (-width / 2, "this package", OURS, [ours for ours, _ in pairs]),
        (width / 2, "pandas, requests", OTHER, [other for _, other in pairs]),
    ):
        bars = axes.bar([at + shift for at in range(len(pairs))], heights, width, color=color, label=label)
        axes.bar_label(bars, fmt=lambda height: f"{height:.1f}" if height < 10 else f"{height:.0f}")
    axes.set_xticks(range(len(pairs)), list(names))
