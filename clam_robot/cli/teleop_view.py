"""One line that tells a person at the controls what the robot does."""

import math
from collections.abc import Iterable
from contextlib import ExitStack

import numpy as np
from rich.console import RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from clam_robot.cli.console import console, logs_above
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step
from teleop.mapping import MappingConfig
from teleop.teleop_policy import TeleopPolicy

# The hand's rotation when it looks straight down, which the Bridge data take for zero.
_DOWN = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])


class TeleopView:
    """A `Subscriber`; where nobody watches, as in a log file, it is silent.

    Args:
        policy: of the person.
        mapping: whose speeds are shown.
    """

    def __init__(self, policy: TeleopPolicy, mapping: MappingConfig) -> None:
        self._policy, self._mapping = policy, mapping
        self._step: Step | None = None
        self._stack = ExitStack()
        self._live = Live(console=console, get_renderable=self._line, refresh_per_second=10.0, transient=True)

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Begin to show."""
        self._step = None
        if console.is_terminal:
            self._stack.enter_context(logs_above(console))
            self._live.start()

    def on_step(self, step: Step) -> None:
        """Keep what is shown next."""
        self._step = step

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """Show no more."""
        self._live.stop()
        self._stack.close()

    def _line(self) -> RenderableType:
        step, status = self._step, self._policy.status
        if step is None:
            return Text("waiting for the robot")
        speed = status.speed * self._mapping.translation_speed
        words = [
            pose_in_words(self._policy.spec, step.observation.state),
            f"grip {100.0 * status.opening:.0f}%",
            f"{speed:.2f} m/s",
            "[green]clutch in[/]" if status.is_moving else "[yellow]clutch out[/]",
        ]
        words += ["[bold green]solved[/]"] if step.status is not None and step.status.success else []
        words += [f"[yellow]{escape(status.note)}[/]"] if status.note else []
        words += [f"[red]{', '.join(step.limits)}[/]"] if step.limits else []
        return Text.from_markup("  ".join(words), overflow="ellipsis")


def pose_in_words(spec: RobotSpec, state: np.ndarray) -> str:
    """Where the hand is [m], and how it is turned where the robot measures it [rad]; nothing for one without a hand."""
    where = spec.state.points.get("hand")
    if where is None:
        return ""
    words = f"xyz {_signed(state[where], 3)}"
    if _ROTATION[0] not in spec.state.names:
        return words
    first = spec.state.index(_ROTATION[0])
    columns = state[first : first + 6].astype(np.float64).reshape(2, 3)
    matrix = np.column_stack([columns[0], columns[1], np.cross(columns[0], columns[1])]) @ _DOWN.T
    roll = math.atan2(matrix[2, 1], matrix[2, 2])
    pitch = math.asin(min(1.0, max(-1.0, -matrix[2, 0])))
    yaw = math.atan2(matrix[1, 0], matrix[0, 0])
    return f"{words}  rpy {_signed((roll, pitch, yaw), 2)}"


def _signed(numbers: Iterable[float], digits: int) -> str:
    return " ".join(f"{round(float(number), digits) + 0.0:+.{digits}f}" for number in numbers)


_ROTATION = tuple(f"hand_rotation{i}" for i in range(6))
