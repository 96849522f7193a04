"""A measured table as files: JSON, CSV, Markdown and a picture."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from clam_robot import config
from clam_robot.reproduce.paper import average
from clam_robot.reproduce.summary import Entry
from clam_robot.reproduce.table import Row, Table


def write(directory: Path, table: Table, entries: Sequence[Entry]) -> list[Path]:
    """Write every form; returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{table.name}{suffix}" for suffix in (".json", ".csv", ".md", ".png")]
    paths[0].write_text(json.dumps([config.to_dict(entry) for entry in entries], indent=1))
    _write_csv(paths[1], entries)
    paths[2].write_text(markdown(table, entries))
    _draw(paths[3], table, entries)
    return paths


def common_extent(entries: Sequence[Entry]) -> str | None:
    """Draws x rollouts that all entries share; None where they differ, so that each must say its own."""
    extents = {entry.extent for entry in entries}
    return extents.pop() if len(extents) == 1 else None


def cell_text(entry: Entry | None, *, has_extent: bool = False) -> str:
    """Mean, interval, the worst labelled set, the paper's figure, and of how many draws and rollouts it is."""
    if entry is None:
        return ""
    text = f"{entry.mean:.2f} [{entry.low:.2f}, {entry.high:.2f}]"
    if len(entry.scores) > 1:
        text += f", worst {entry.worst:.2f}"
    if entry.paper is not None:
        text += f"; paper {entry.paper:.2f}"
    return f"{text} ({entry.extent})" if has_extent else text


def average_text(entries: Sequence[Entry], table: Table, row: Row) -> str:
    """Mean of a row's columns beside the paper's; empty while some are missing."""
    if len(entries) < len(table.robots):
        return ""
    mean, paper = sum(entry.mean for entry in entries) / len(entries), average(table.name, row.name, table.robots)
    return f"{mean:.2f}" + ("" if paper is None else f"; paper {paper:.2f}")


def grid(table: Table, entries: Sequence[Entry]) -> list[list[str]]:
    """The table as text, its header first; the last column is the average, where there are columns to average."""
    by_place = {(entry.row, entry.robot): entry for entry in entries}
    has_average, says_extents = len(table.robots) > 1, common_extent(entries) is None
    lines = [["", *(robot.partition(":")[2] for robot in table.robots), *(["average"] if has_average else [])]]
    for row in table.rows:
        ours = [by_place.get((row.name, robot)) for robot in table.robots]
        there = [entry for entry in ours if entry is not None]
        extent = common_extent(there)
        cells = [cell_text(entry, has_extent=says_extents and extent is None) for entry in ours]
        name = f"{row.name} ({extent})" if says_extents and extent else row.name
        lines.append([name, *cells, *([average_text(there, table, row)] if has_average else [])])
    return lines


def markdown(table: Table, entries: Sequence[Entry]) -> str:
    """A table for a README."""
    header, *rows = ["| " + " | ".join(cells) + " |" for cells in grid(table, entries)]
    extent = common_extent(entries)
    above = [f"# {table.title}", "", *([f"{extent} each", ""] if extent else [])]
    return "\n".join([*above, header, "|" + "---|" * (header.count("|") - 1), *rows]) + "\n"


def _write_csv(path: Path, entries: Sequence[Entry]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["row", "robot", "mean", "low", "high", "worst", "scores", "extent", "rollouts", "seconds", "paper"]
        )
        for entry in entries:
            scores = " ".join(f"{score:.4f}" for score in entry.scores)
            values = [entry.mean, entry.low, entry.high, entry.worst]
            writer.writerow(
                [
                    entry.row,
                    entry.robot,
                    *(f"{value:.4f}" for value in values),
                    scores,
                    entry.extent,
                    entry.num_rollouts,
                    f"{entry.seconds:.1f}",
                    "" if entry.paper is None else entry.paper,
                ]
            )


def _draw(path: Path, table: Table, entries: Sequence[Entry]) -> None:
    by_place = {(entry.row, entry.robot): entry for entry in entries}
    num_rows, extent = len(table.rows), common_extent(entries)
    figure = Figure(figsize=(2.6 * len(table.robots) + 1.8, 0.9 + 0.34 * num_rows), dpi=150, layout="constrained")
    axes_of = figure.subplots(1, len(table.robots), sharey=True, squeeze=False)[0]
    for axes, robot in zip(axes_of, table.robots, strict=True):
        for height, row in enumerate(table.rows):
            entry = by_place.get((row.name, robot))
            if entry is None:
                continue
            axes.barh(height, entry.mean, height=0.6, color="#1f6feb" if row.method == "clam" else "#8b949e")
            axes.plot([entry.low, entry.high], [height, height], color="#222", linewidth=1.2)
            axes.plot(entry.scores, [height] * len(entry.scores), "o", color="white", markeredgecolor="#222", ms=3.5)
            if extent is None:
                axes.text(0.01, height + 0.42, entry.extent, va="center", fontsize=5)  # beneath its bar
            if entry.paper is not None:
                axes.plot([entry.paper] * 2, [height - 0.38, height + 0.38], color="#d1242f", linewidth=2)
        axes.set_title(robot.partition(":")[2], fontsize=9)
        axes.set_xlim(0.0, 1.05)
        axes.spines[["top", "right"]].set_visible(False)
    axes_of[0].set_yticks(range(num_rows), [row.name for row in table.rows])
    axes_of[0].invert_yaxis()
    below = "mean over labelled sets (dots), 95 % interval; red: the paper"
    figure.supxlabel(f"{below}\n{extent} each" if extent else below, fontsize=8)
    figure.savefig(path)
