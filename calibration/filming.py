"""An arm that swings a joint while its cameras film it."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

import numpy as np
from jaxtyping import Float64

from calibration.delay_signals import JointMotion
from calibration.image_motion import small_grey
from calibration.patience import patiently
from calibration.swing import SwingConfig, swing_at
from calibration.take import Film, Take, TakeInfo
from clam_robot.errors import CalibrationError, StaleObservation
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.wx250s import JOINT_NAMES, NUM_JOINTS
from clam_robot.interfaces import Robot
from clam_robot.timing import Clock

# For a first frame of every camera: those that share a bus, or a busy machine, may take their time to begin [s].
_PATIENCE = 20.0


class Filming:
    """Collects what joints and cameras say, from threads of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_on = False
        self._reported: list[tuple[float, np.ndarray]] = []
        self._told: list[tuple[float, np.ndarray]] = []
        self._frames: dict[str, list[tuple[float, np.ndarray]]] = {}

    def on_joints(self, state: JointState) -> None:
        """A state of the joints."""
        self._add(self._reported, state.time, state.position)

    def on_setpoint(self, time: float, position: Float64[np.ndarray, "6"]) -> None:
        """A set-point that is handed to the driver."""
        self._add(self._told, time, position)

    def on_frame(self, camera: str, time: float, image: np.ndarray, depth: np.ndarray | None = None) -> None:
        """A frame; only a small picture of it is kept."""
        if self._is_on:
            small = small_grey(image)
            with self._lock:
                self._frames.setdefault(camera, []).append((time, small))

    def swing(self, robot: Robot, clock: Clock, setup: SwingConfig, tell: Callable[[float], None]) -> None:
        """Swing a joint about where it is, and collect.

        Args:
            robot: connected and reset; its actions are changes of the joints.
            clock: the robot's.
            setup: the motion.
            tell: how much of it is done [0 .. 1].

        Raises:
            RobotError: the arm was stopped, or may not move there.
            CalibrationError: it hardly moved.
        """
        joint = JOINT_NAMES.index(setup.joint)
        period = 1.0 / robot.spec.control_hz
        gripper = patiently(robot.get_observation, clock, _PATIENCE).state[NUM_JOINTS]
        begin, done = clock.now(), 0.0
        self._is_on = True
        try:
            # One period ahead, as an action is where the arm is at the end of its period.
            while (now := clock.now()) < begin + setup.seconds:
                wanted = float(swing_at(setup, np.array([now - begin + period]))[0])
                action = np.zeros(NUM_JOINTS + 1, np.float32)
                action[joint], action[NUM_JOINTS] = wanted - done, round(float(np.clip(gripper, 0.0, 1.0)))
                # A moment without a state is held through, and the next action catches up; the arm ends a long one.
                with suppress(StaleObservation):
                    done += float(robot.send_action(action)[joint])
                tell((now - begin) / setup.seconds)
                clock.sleep_until(now + period)
        finally:
            self._is_on = False
            robot.hold()
        self._require_motion(joint, setup)

    def take(self, info: TakeInfo) -> Take:
        """What was collected.

        Raises:
            CalibrationError: the joints said nothing.
        """
        with self._lock:
            if len(self._reported) < 2 or len(self._told) < 2:
                raise CalibrationError("no states of the joints came meanwhile; is the arm's bus silent?")
            return Take(
                info=info,
                reported=_motion(self._reported),
                told=_motion(self._told),
                films=_films(self._frames),
            )

    def _require_motion(self, joint: int, setup: SwingConfig) -> None:
        with self._lock:
            way = [row[1][joint] for row in self._reported]
        span = float(np.ptp(way)) if way else 0.0
        if span < setup.amplitude:
            raise CalibrationError(
                f"{setup.joint} swung through {span:.3f} rad, expected {2.0 * setup.amplitude:.2f}: an arm "
                "whose set-points come late holds; end other programs on this machine, and see that its way is free"
            )

    def _add(self, rows: list[tuple[float, np.ndarray]], time: float, position: np.ndarray) -> None:
        if self._is_on:
            with self._lock:
                if not rows or time > rows[-1][0]:
                    rows.append((time, position))


def _motion(rows: list[tuple[float, np.ndarray]]) -> JointMotion:
    return JointMotion(time=np.array([row[0] for row in rows]), position=np.array([row[1] for row in rows]))


def _films(frames: Mapping[str, list[tuple[float, np.ndarray]]]) -> dict[str, Film]:
    return {
        name: Film(time=np.array([row[0] for row in rows]), images=np.stack([row[1] for row in rows]))
        for name, rows in frames.items()
    }
