"""One HTML page of a whole data set, complete in itself: what is in it, and which episodes to look at."""

import datetime
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
from jinja2 import Environment, StrictUndefined

import clam_robot
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import DamagedEpisode, NoEpisodes
from clam_robot.review.bars import COVERAGE_CELLS, Coverage, Histogram, coverage, histogram
from clam_robot.review.episode_facts import EpisodeFacts, measure
from clam_robot.review.new_file import require_replaceable
from clam_robot.review.suspicion import Suspicion, SuspicionConfig
from clam_robot.review.thumbnails import thumbnails
from clam_robot.specs import RobotSpec

_COVERED_POINTS = 4
_POINT_ROWS = 200_000
_STILL = 1e-4  # [m]


@dataclass(frozen=True, kw_only=True)
class EpisodeRow:
    """An episode on the page."""

    facts: EpisodeFacts
    reasons: tuple[str, ...]
    pictures: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def write_report(
    dataset: EpisodeDataset,
    path: Path,
    *,
    thresholds: SuspicionConfig | None = None,
    max_pictured: int = 100,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[EpisodeRow, ...]:
    """Write the page; returns its episodes.

    Args:
        dataset: of one robot.
        path: of the page.
        thresholds: what makes an episode suspicious.
        max_pictured: so many episodes have pictures at most, suspicious ones first; keeps the page small.
        overwrite: replace a page that is there.
        progress: told episodes done and in all.

    Raises:
        EpisodeExists: a page is there and may not be replaced.
        NoEpisodes: none can be read.
    """
    require_replaceable(path, overwrite=overwrite)
    facts, points, damaged = _measured(dataset, progress)
    if not facts:
        raise NoEpisodes(f"expected episodes that can be read in {dataset.root}, found {len(damaged)} damaged ones")
    suspicion = Suspicion(dataset.spec, facts, thresholds)
    reasons = [suspicion.reasons(each) for each in facts]
    rows = _with_pictures(dataset, facts, reasons, max_pictured, damaged)
    template = files("clam_robot.review").joinpath("report.html.jinja").read_text()
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = page.from_string(template).render(
        name=dataset.root.resolve().name,
        spec=dataset.spec,
        rows=rows,
        damaged=damaged,
        suspicious=[row for row in rows if row.reasons],
        tasks=Counter(each.task for each in facts).most_common(),
        sources=Counter(each.source for each in facts).most_common(),
        calibrations=Counter(each.calibration for each in facts).most_common(),
        num_pictured=sum(bool(row.pictures) for row in rows),
        lengths=_lengths(facts, dataset.spec),
        rates=_rates(facts, dataset.spec),
        actions=_actions(facts, dataset.spec),
        coverages=_coverages(points),
        cells=COVERAGE_CELLS,
        version=clam_robot.__version__,
        date=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.partial")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
    return rows


def _measured(
    dataset: EpisodeDataset, progress: Callable[[int, int], None]
) -> tuple[list[EpisodeFacts], dict[str, np.ndarray], dict[str, str]]:
    """Facts by episode, the places of every named point, and what is wrong with those that cannot be read."""
    facts: list[EpisodeFacts] = []
    damaged: dict[str, str] = {}
    points: dict[str, list[np.ndarray]] = {name: [] for name in dataset.spec.state.points}
    every = max(1, sum(1 for _ in dataset.names) * 300 // _POINT_ROWS)
    for number in range(len(dataset)):
        try:
            episode = dataset[number]
            if len(episode):
                facts.append(measure(episode))
                for name, place in episode.spec.state.points.items():
                    points[name].append(episode.state[::every, place])
            else:
                damaged[dataset.names[number]] = "it has no steps"
        except DamagedEpisode as error:
            damaged[dataset.names[number]] = str(error)
        progress(number + 1, len(dataset))
    return facts, {name: np.concatenate(parts) for name, parts in points.items() if parts}, damaged


def _with_pictures(
    dataset: EpisodeDataset,
    facts: list[EpisodeFacts],
    reasons: list[tuple[str, ...]],
    max_pictured: int,
    damaged: Mapping[str, str],
) -> tuple[EpisodeRow, ...]:
    readable = [name for name in dataset.names if name not in damaged]
    first = [k for k, why in enumerate(reasons) if why][:max_pictured]
    ordinary = [k for k, why in enumerate(reasons) if not why]
    spread = np.linspace(0, len(ordinary) - 1, min(len(ordinary), max_pictured - len(first))).astype(int)
    pictured = {*first, *(ordinary[k] for k in spread)}
    by_name = {name: number for number, name in enumerate(dataset.names)}
    return tuple(
        EpisodeRow(
            facts=each,
            reasons=why,
            pictures=thumbnails(dataset[by_name[name]]) if k in pictured else {},
        )
        for k, (name, each, why) in enumerate(zip(readable, facts, reasons, strict=True))
    )


def _lengths(facts: list[EpisodeFacts], spec: RobotSpec) -> Histogram:
    seconds = np.array([each.length / spec.control_hz for each in facts])
    note = f"median {np.median(seconds):.1f} s"
    return histogram(
        seconds, title="duration", unit="s", low=0.0, high=float(seconds.max()), note=note, bins=min(30, len(facts) + 5)
    )


def _rates(facts: list[EpisodeFacts], spec: RobotSpec) -> Histogram:
    rates = np.array([each.hz for each in facts if each.hz is not None])
    note = f"asked for {spec.control_hz:g} Hz"
    top = max(1.2 * spec.control_hz, float(rates.max(initial=0.0)))
    return histogram(rates, title="rate", unit="Hz", low=0.0, high=top, note=note, bins=30)


def _actions(facts: list[EpisodeFacts], spec: RobotSpec) -> list[Histogram]:
    actions = np.concatenate([each.actions for each in facts])
    if not len(actions):
        return []
    found: list[Histogram] = []
    for entry, name in enumerate(spec.action.names):
        low, high, values = spec.action.low[entry], spec.action.high[entry], actions[:, entry]
        at_bounds = np.mean((values <= low) | (values >= high))
        note = f"{100 * at_bounds:.0f} % at the bounds" if at_bounds > 0 else ""
        found.append(histogram(values, title=name, unit=spec.action.units[entry], low=low, high=high, note=note))
    return found


def _coverages(points: Mapping[str, np.ndarray]) -> list[Coverage]:
    shown: dict[str, np.ndarray] = {}
    for name, places in sorted(points.items(), key=lambda item: -float(np.ptp(item[1], axis=0).max())):
        if np.ptp(places, axis=0).max() > _STILL and not any(_is_as(places, other) for other in shown.values()):
            shown[name] = places
    return [
        coverage(places[:, list(axes)], title=name, axes=("xyz"[axes[0]], "xyz"[axes[1]]))
        for name, places in list(shown.items())[:_COVERED_POINTS]
        for axes in ((0, 1), (0, 2))
    ]


def _is_as(places: np.ndarray, other: np.ndarray) -> bool:
    """Whether two points have been in the same box, as a point and its place a step ago."""
    near = 0.02 * float(np.ptp(other, axis=0).max())
    return all(np.abs(end(places, axis=0) - end(other, axis=0)).max() < near for end in (np.min, np.max))
