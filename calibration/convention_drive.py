"""Moves the hand a little along and about every axis, slowly, and notes what joints and camera say."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform

from calibration.convention_trial import AXES, ConventionTrial, GripperTrial
from calibration.patience import patiently
from clam_robot.errors import RobotError, StaleObservation
from clam_robot.hardware.wx250s import NUM_JOINTS
from clam_robot.interfaces import Robot
from clam_robot.timing import Clock

DISTANCE, ANGLE = 0.01, float(np.radians(5.0))
# Of each action; at ten a second 20 mm/s and 0.15 rad/s.
_STEP, _TURN = 0.002, 0.015
_STILL = 0.0016  # [rad]; a count of a servo is 0.0015
_SETTLED, _LONGEST = 3, 60  # actions
_GRIPPER = NUM_JOINTS
_GRIPPER_ACTIONS = 12
# An arm holds when no action has come for so many periods, and what was left of its motion is lost.
_LATE = 1.4
_TRIES = 10
_PATIENCE = 2.0  # for a state of the joints [s]

# Pose of the board in the camera's frame at this moment, None where none is seen.
Look = Callable[[], RigidTransform | None]


class ConventionDrive:
    """Drives a robot whose actions are dx, dy, dz, droll, dpitch, dyaw, gripper; its own rules keep it clear of things.

    Args:
        robot: connected and reset, with some centimetres of room.
        clock: the robot's.
        look: through a camera.
        tell: what is tried next.
    """

    def __init__(
        self,
        robot: Robot,
        clock: Clock,
        look: Look = lambda: None,
        tell: Callable[[str], None] = lambda what: None,
    ) -> None:
        self._robot, self._clock, self._look, self._tell = robot, clock, look, tell
        self._period = 1.0 / robot.spec.control_hz
        self._is_late = False

    def run(self, axes: Sequence[int] = range(len(AXES))) -> tuple[list[ConventionTrial], GripperTrial]:
        """To and fro on every axis, then close and open the fingers; whatever happens, the arm is held at the end.

        Args:
            axes: numbers of those to try.

        Raises:
            RobotError: the arm stops, moves much further than it was asked to, or actions cannot be sent in time.
        """
        try:
            trials: list[ConventionTrial] = []
            self._settle()
            for axis in axes:
                name, size = AXES[axis], DISTANCE if axis < 3 else ANGLE
                for way in (size, -2.0 * size, size):
                    self._tell(f"{name} {1e3 * way:+.0f} mm" if axis < 3 else f"{name} {np.degrees(way):+.0f} degrees")
                    trials.append(self._try(axis, way))
            self._tell("gripper")
            closed = self._opening(0.0)
            return trials, GripperTrial(closed=closed, opened=self._opening(1.0))
        finally:
            self._robot.hold()

    def _try(self, axis: int, way: float) -> ConventionTrial:
        for _ in range(_TRIES):
            self._is_late = False
            trial = self._move(axis, way)
            if not self._is_late:
                return trial
        raise RobotError(
            f"{AXES[axis]}: an action came late in each of {_TRIES} tries, and an arm that holds meanwhile "
            "does less than it is asked for; end other programs on this machine"
        )

    def _move(self, axis: int, way: float) -> ConventionTrial:
        asked = np.zeros(6)
        asked[axis] = way
        before, seen = self._joints(), self._look()
        num = int(np.ceil(abs(way) / (_STEP if axis < 3 else _TURN)))
        for _ in range(num):
            self._act(asked / num)
        self._settle()
        trial = ConventionTrial(
            asked=asked, before=before, after=self._joints(), board_before=seen, board_after=self._look()
        )
        far = np.abs(trial.moved())
        if far[:3].max() > _FURTHEST * DISTANCE or far[3:].max() > _FURTHEST * ANGLE:
            raise RobotError(
                f"{AXES[axis]}: asked for {way:+.3f}, the joints moved the hand by "
                f"{np.array2string(far, precision=3)}; the test ends here. Check zero positions and Drive_Mode"
            )
        return trial

    def _opening(self, wanted: float) -> float:
        for _ in range(_GRIPPER_ACTIONS):
            self._act(np.zeros(6), wanted)
        return float(patiently(self._robot.get_observation, self._clock, _PATIENCE).state[_GRIPPER])

    def _settle(self) -> None:
        before, stood = self._joints(), 0
        for _ in range(_LONGEST):
            self._act(np.zeros(6))
            now = self._joints()
            stood = stood + 1 if np.abs(now - before).max() < _STILL else 0
            before = now
            if stood >= _SETTLED:
                return
        raise RobotError("the arm does not come to rest; is it pushed, or does a joint swing?")

    def _joints(self) -> Float64[np.ndarray, "6"]:
        return patiently(self._robot.get_observation, self._clock, _PATIENCE).state[:NUM_JOINTS].astype(np.float64)

    def _act(self, change: Float64[np.ndarray, "6"], opening: float = 1.0) -> None:
        begin = self._clock.now()
        try:
            self._robot.send_action(np.append(change, opening).astype(np.float32))
        except StaleObservation:
            self._is_late = True
        self._clock.sleep_until(begin + self._period)
        self._is_late |= self._clock.now() - begin > _LATE * self._period


# Times what was asked for.
_FURTHEST = 4.0
