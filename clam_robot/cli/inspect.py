"""`clam inspect`."""

from dataclasses import dataclass

import tyro
from rich.filesize import decimal
from rich.table import Table

from clam_robot.cli.console import console
from clam_robot.cli.data_sets import fetching, unfinished_copies
from clam_robot.episodes.stores.place import Place, folder_of, is_url
from clam_robot.episodes.stores.reading import summarize_place
from clam_robot.episodes.summary import DatasetSummary
from clam_robot.hardware.calibration.in_words import calibration_in_words
from clam_robot.specs import RobotSpec

CHECKPOINT_HEADER = "checkpoint.json"


@dataclass(frozen=True, kw_only=True)
class Command:
    """Say what is in a data set or checkpoint.

    Attributes:
        path: folder or URL of a data set or of one episode, or folder of a checkpoint.
        full: print every entry of the spec with unit and bounds.
    """

    path: tyro.conf.Positional[Place]
    full: bool = False

    def run(self) -> None:
        """Print the summary."""
        if not is_url(self.path) and (folder_of(self.path) / CHECKPOINT_HEADER).exists():
            self._print_checkpoint()
            return
        with fetching(self.path) as on_file:
            summary = summarize_place(self.path, on_file)
        console.print(_dataset_table(summary, str(self.path)))
        self._print_spec(summary.spec)
        for episode in summary.partial:
            remedy = "it is being recorded" if episode.is_recording else "finish it with `clam repair`"
            console.print(
                f"[yellow]unfinished:[/] {episode.name}, {decimal(episode.num_bytes)}, last written "
                f"{episode.changed_at:%Y-%m-%d %H:%M:%S} UTC; {remedy}",
                soft_wrap=True,
            )
        for name in unfinished_copies(self.path):
            console.print(
                f"[yellow]unfinished:[/] the copy of {name} to here; `clam copy` goes on with it", soft_wrap=True
            )
        for name, problem in summary.damaged.items():
            console.print(f"[red]damaged:[/] {name}: {problem}", soft_wrap=True)

    def _print_checkpoint(self) -> None:
        from clam_robot.models.checkpoint import load_header

        header = load_header(folder_of(self.path))
        table = _table()
        table.add_row("checkpoint", str(self.path))
        table.add_row("method", header.method)
        table.add_row("robot", header.spec.name)
        latent = "none" if header.latent is None else f"{header.latent.latent_dim}-d"
        table.add_row("latent action", latent)
        table.add_row("window", f"{header.features.past} past, {header.features.future} future (in training)")
        training = header.training
        table.add_row(
            "play", "none" if training.play is None else f"{training.num_labeled} labelled of {training.play}"
        )
        demonstrations = f"{training.num_demonstrations} of {training.demonstrations}"
        table.add_row("demonstrations", "none" if training.demonstrations is None else demonstrations)
        table.add_row("label set, seed", f"{training.label_set}, {training.seed}")
        table.add_row("trained in", f"{training.seconds:.0f} s, clam-robot {header.software_version}")
        console.print(table)
        self._print_spec(header.spec)

    def _print_spec(self, spec: RobotSpec) -> None:
        if not self.full:
            return
        for title, vector in (("state", spec.state), ("action", spec.action)):
            entries = Table(f"{title}", "unit", "low", "high")
            for row in zip(vector.names, vector.units, vector.low, vector.high, strict=True):
                entries.add_row(row[0], row[1], f"{row[2]:g}", f"{row[3]:g}")
            console.print(entries)


def _dataset_table(summary: DatasetSummary, place: str) -> Table:
    table = _table()
    table.add_row("data set", place)
    mixture = "; spec of the first episode, others differ: train on one kind only" if summary.num_specs > 1 else ""
    table.add_row("robot", summary.spec.name + mixture)
    table.add_row(
        "episodes", f"{summary.num_episodes}" + (f", {len(summary.damaged)} damaged" if summary.damaged else "")
    )
    table.add_row("sources", _counts(summary.sources))
    table.add_row("tasks", _counts(summary.tasks))
    length = f"{summary.length_min} / {summary.length_median:g} / {summary.length_max} steps (min / median / max)"
    table.add_row("length", length)
    table.add_row("total", f"{summary.num_rows} steps, {summary.seconds:.0f} s")
    rate = "unknown" if summary.achieved_hz is None else f"{summary.achieved_hz:.1f} Hz"
    table.add_row("rate", f"{rate} of {summary.spec.control_hz:g} Hz, {summary.num_dropped} steps dropped")
    table.add_row("labelled", f"{100 * summary.labeled_share:.0f} % of steps; an episode's last has no action")
    success = f"{summary.num_success} yes, {summary.num_failure} no, {summary.num_unjudged} not judged"
    table.add_row("success", success)
    table.add_row("state", f"{len(summary.spec.state)}: {_shorten(summary.spec.state.names)}")
    table.add_row("action", f"{len(summary.spec.action)}: {_shorten(summary.spec.action.names)}")
    cameras = ", ".join(f"{name} {size.height}x{size.width}" for name, size in summary.spec.cameras.items())
    table.add_row("cameras", cameras or "none")
    gripper = summary.spec.gripper
    table.add_row(
        "gripper", "none" if gripper is None else f"{gripper.mode}, closes {gripper.closes} {gripper.threshold:g}"
    )
    table.add_row("calibration", calibration_in_words(summary.calibration, summary.last_started_at))
    table.add_row("recorded", f"{summary.first_started_at} .. {summary.last_started_at}")
    table.add_row("size", decimal(summary.num_bytes))
    return table


def _table() -> Table:
    return Table(show_header=False, box=None, padding=(0, 2, 0, 0))


def _counts(counts: object) -> str:
    assert isinstance(counts, dict)
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _shorten(names: tuple[str, ...], limit: int = 6) -> str:
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
