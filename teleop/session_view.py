"""What the operator's page is told of a session, as JSON: the state, and the newest control period as numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic_core import to_json

from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.specs import RobotSpec, VectorSpec
from clam_robot.types import Step
from teleop.session_state import SessionControl, SessionState
from teleop.stop_routes import ArmStatus


@dataclass(frozen=True, kw_only=True)
class PlotGroup:
    """Entries of a vector that are drawn in one plot.

    Attributes:
        title: of the plot.
        unit: of its entries.
        names: of its entries.
        indices: where they stand in the vector.
    """

    title: str
    unit: str
    names: tuple[str, ...]
    indices: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class StepView:
    """A control period as numbers.

    Attributes:
        time: of the observation [s].
        state: (S,).
        requested: (A,); None where nothing was.
        sent: (A,); None where the robot held.
        limits: why something else was sent than was requested.
    """

    time: float
    state: tuple[float, ...]
    requested: tuple[float, ...] | None
    sent: tuple[float, ...] | None
    limits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SessionView:
    """One message to the page.

    Attributes:
        state: of the session.
        arm: whether it may move.
        step: newest; None before the first.
    """

    state: SessionState
    arm: ArmStatus
    step: StepView | None


def session_message(control: SessionControl, latch: StopLatch) -> str:
    """A `SessionView` of this moment as JSON; numbers that are not finite become null."""
    step = control.newest_step()
    view = SessionView(state=control.state(), arm=ArmStatus.of(latch), step=None if step is None else _view(step))
    return to_json(view, inf_nan_mode="null").decode()


def plot_groups(spec: RobotSpec) -> dict[str, tuple[PlotGroup, ...]]:
    """How the entries of "state" and "action" are spread over plots."""
    return {"state": groups_of(spec.state), "action": groups_of(spec.action)}


def groups_of(vector: VectorSpec) -> tuple[PlotGroup, ...]:
    """Neighbours of one unit share a plot."""
    runs: list[list[int]] = []
    for index, unit in enumerate(vector.units):
        if runs and vector.units[runs[-1][-1]] == unit:
            runs[-1].append(index)
        else:
            runs.append([index])
    return tuple(
        PlotGroup(
            title=_title([vector.names[index] for index in run], vector.units[run[0]]),
            unit=vector.units[run[0]],
            names=tuple(vector.names[index] for index in run),
            indices=tuple(run),
        )
        for run in runs
    )


def _view(step: Step) -> StepView:
    return StepView(
        time=step.observation.time,
        state=_numbers(step.observation.state),
        requested=None if step.requested is None else _numbers(step.requested),
        sent=None if step.sent is None else _numbers(step.sent),
        limits=step.limits,
    )


def _numbers(vector: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(each), 5) for each in vector)


def _title(names: Sequence[str], unit: str) -> str:
    if len(names) == 1:
        return names[0].replace("_", " ")
    stems = {re.sub(r"_[xyz]$|\d+$", "", name) for name in names}
    if len(stems) == 1:
        return stems.pop().replace("_", " ")
    return {"rad": "angles", "m": "positions"}.get(unit, "others")
