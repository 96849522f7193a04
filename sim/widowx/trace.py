"""Watches every physics step: the true motion, its extremes and every collision."""

import math

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware import wx250s
from clam_robot.hardware.arm_model import TOOL_SITE
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.contacts import ArmContacts
from sim.widowx.truth import COLUMNS, Collision, Kind, TraceReport

_N = wx250s.NUM_JOINTS
MAX_ROWS = 60_000  # two minutes


class Trace:
    """Observes an `ArmPhysics` from now on.

    Attributes:
        is_logging: whether every step's row is kept, `MAX_ROWS` at most.
        contacts: of the arm.
    """

    def __init__(self, physics: ArmPhysics) -> None:
        self.is_logging = False
        self.contacts = ArmContacts(physics.model, physics.data)
        self._physics = physics
        self._low_limit, self._high_limit = wx250s.joint_limits()
        self._tool = physics.data.site(TOOL_SITE).xpos
        self._rows: list[list[float]] = []
        self._num_lost = 0
        self._restart()
        physics.observers.append(self._observe)

    def take(self) -> tuple[TraceReport, Float64[np.ndarray, "steps columns"]]:
        """What has been seen since the last call, and the logged rows (`truth.COLUMNS`)."""
        position_low, position_high = self._low - self._low_limit, self._high - self._high_limit
        beyond = np.maximum(0.0, np.maximum(-position_low, position_high)) if self._num_steps else np.zeros(_N)
        report = TraceReport(
            start=self._start,
            end=self._physics.time,
            num_steps=self._num_steps,
            max_speed=tuple(self._speed.tolist()),
            max_torque=tuple(self._torque.tolist()),
            low=tuple(self._low.tolist()),
            high=tuple(self._high.tolist()),
            beyond_limit=tuple(beyond.tolist()),
            max_tool_speed=self._tool_speed,
            collisions=tuple(touch.report(geoms) for geoms, touch in self._touches.items()),
            num_lost_rows=self._num_lost,
        )
        rows = np.array(self._rows).reshape(-1, len(COLUMNS))
        self._rows, self._num_lost = [], 0
        self._restart()
        return report, rows

    def _restart(self) -> None:
        physics = self._physics
        self._start = physics.time
        self._num_steps = 0
        self._speed, self._torque, self._tool_speed = np.zeros(_N), np.zeros(_N + 1), 0.0
        self._low, self._high = physics.position, physics.position
        self._tool_before: list[float] = self._tool.tolist()
        self._time_before = physics.time
        self._touches: dict[tuple[str, str], _Touch] = {}

    def _observe(self) -> None:
        physics = self._physics
        self._num_steps += 1
        position, velocity = physics.arm_position, physics.arm_velocity
        torque = physics.joint_torque
        np.maximum(self._speed, np.abs(velocity), out=self._speed)
        np.maximum(self._torque, np.abs(torque), out=self._torque)
        np.minimum(self._low, position, out=self._low)
        np.maximum(self._high, position, out=self._high)
        self._follow_tool(physics.time)
        for geoms, kind, depth, force in self.contacts.rows():
            self._note(geoms, kind, depth, force)
        if self.is_logging:
            row = [physics.time, *position.tolist(), physics.finger, *velocity.tolist(), *torque.tolist()]
            self._rows.append(row)
            if len(self._rows) > MAX_ROWS:
                self._num_lost += len(self._rows) // 2
                del self._rows[: len(self._rows) // 2]

    def _follow_tool(self, now: float) -> None:
        tool: list[float] = self._tool.tolist()
        elapsed = now - self._time_before
        if elapsed > 0.0:
            self._tool_speed = max(self._tool_speed, math.dist(tool, self._tool_before) / elapsed)
        self._tool_before, self._time_before = tool, now

    def _note(self, geoms: tuple[str, str], kind: Kind, depth: float, force: float) -> None:
        touch = self._touches.get(geoms)
        if touch is None:
            touch = self._touches[geoms] = _Touch(kind, self._physics.time)
        # Two geoms may touch in several points.
        touch.num_steps += touch.last_step != self._num_steps
        touch.last_step = self._num_steps
        touch.depth, touch.force = max(touch.depth, depth), max(touch.force, force)


class _Touch:
    """What is known of two geoms that have touched."""

    def __init__(self, kind: Kind, first_time: float) -> None:
        self.kind: Kind = kind
        self.first_time = first_time
        self.num_steps = self.last_step = 0
        self.depth = self.force = 0.0

    def report(self, geoms: tuple[str, str]) -> Collision:
        return Collision(
            geoms=geoms,
            kind=self.kind,
            first_time=self.first_time,
            num_steps=self.num_steps,
            depth=self.depth,
            force=self.force,
        )
