"""An arm that swings on a clock of the test's own, before a camera that shows stripes which shift with its waist."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.widowx import START
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec
from clam_robot.hardware.wx250s import NUM_JOINTS
from clam_robot.specs import CameraSpec
from clam_robot.timing import ManualClock
from clam_robot.types import Observation

_PIXELS_PER_RADIAN = 100.0
_TICK = 0.01  # between set-points [s]
_STATES = 0.02  # between states of the joints [s]
_FRAMES = 1.0 / 30.0  # between frames [s]
_Y, _X = np.mgrid[:120, :160].astype(np.float64)


class SwingingArm:
    """A `Robot` whose actions are changes of the joints; all that happens in a period is told as it begins.

    Args:
        clock: of the test.
        lag: from a set-point until the joints are there [s].
        late: age of what a frame shows, by its stamp [s].
        follows: share of what is asked for that the joints do.

    Attributes:
        on_setpoint, on_joints, on_frame: are told.
    """

    def __init__(self, clock: ManualClock, *, lag: float, late: float, follows: float = 1.0) -> None:
        camera = {"wrist": CameraSpec(height=len(_Y), width=len(_Y[0]))}
        self.spec = widowx_spec(ActionConfig(space="joints", hz=10.0), name="widowx", cameras=camera)
        self._clock, self._lag, self._late, self._follows = clock, lag, late, follows
        self._goal = np.array(START)
        self._times, self._waists = [clock.now() - 1.0], [0.0]
        self._next_state = self._next_frame = clock.now()
        self.on_setpoint: Callable[[float, np.ndarray], None] = _nothing
        self.on_joints: Callable[[JointState], None] = _nothing
        self.on_frame: Callable[[str, float, np.ndarray], None] = _nothing

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def reset(self, seed: int | None = None) -> None: ...

    def hold(self) -> None: ...

    def get_observation(self) -> Observation:
        now = self._clock.now()
        state = np.zeros(len(self.spec.state), np.float32)
        state[:NUM_JOINTS] = self._joints(now)
        images = {"wrist": self._picture(now)}
        return Observation(time=now, state=state, images=images, image_times={"wrist": now})

    def send_action(self, action: Float32[np.ndarray, "A"]) -> Float32[np.ndarray, "A"]:
        begin, period = self._clock.now(), 1.0 / self.spec.control_hz
        start, way = self._goal.copy(), self._follows * action[:NUM_JOINTS].astype(np.float64)
        self._goal = start + way
        for time in np.arange(begin, begin + period - 1e-9, _TICK):
            setpoint = start + way * (time + _TICK - begin) / period
            self.on_setpoint(float(time), setpoint)
            self._times.append(float(time))
            self._waists.append(float(setpoint[0]))
            if time >= self._next_state:
                self._next_state += _STATES
                self.on_joints(self._state(float(time)))
            if time >= self._next_frame:
                self._next_frame += _FRAMES
                self.on_frame("wrist", float(time), self._picture(float(time)))
        return action

    def _joints(self, time: float) -> Float64[np.ndarray, "6"]:
        joints = np.array(START)
        joints[0] = np.interp(time - self._lag, self._times, self._waists)
        return joints

    def _state(self, time: float) -> JointState:
        none = np.zeros(NUM_JOINTS)
        return JointState(
            time=time, position=self._joints(time), velocity=none, effort=none, finger=0.03, gripper_effort=0.0
        )

    def _picture(self, time: float) -> UInt8[np.ndarray, "H W 3"]:
        x = _X - _PIXELS_PER_RADIAN * self._joints(time - self._late)[0]
        wave = np.sin(0.21 * x + 0.13 * _Y) + np.sin(0.11 * x - 0.3 * _Y) + np.sin(0.4 * x)
        return np.repeat(np.clip(128.0 + 30.0 * wave, 0, 255).astype(np.uint8)[:, :, np.newaxis], 3, axis=2)


def _nothing(*_: object) -> None:
    """Nobody listens."""
