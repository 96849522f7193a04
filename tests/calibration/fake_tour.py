"""An arm that is at once where it is sent, and an eye that sees a board when it should."""

import math
from typing import Literal

import numpy as np
from jaxtyping import Float64, UInt8

from calibration.arm_tour import ArmTour
from calibration.board import Board
from calibration.detection import BoardDetector, Detection
from clam_robot.errors import ArmStopped, RobotError
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.widowx import START
from clam_robot.hardware.wx250s import joint_limits
from clam_robot.specs import CameraSpec
from clam_robot.timing import ManualClock
from tests.calibration.synthetic_hand_eye import shoot, truth

Mount = Literal["wrist", "stand"]


class InstantArm(ArmTour):
    """An arm that is at once where it is sent, but for ways that are blocked, until it is stopped."""

    def __init__(self, num_blocked: int = 0, num_free: float = math.inf) -> None:
        self.where, self.num_ways, self._num_blocked, self._num_free = np.array(START), 0, num_blocked, num_free

    def joints(self) -> Float64[np.ndarray, "6"]:
        return self.where

    def go(self, target: Float64[np.ndarray, "6"]) -> None:
        low, high = joint_limits()
        assert (target >= low).all() and (target <= high).all()
        self.num_ways += 1
        if self.num_ways > self._num_free:
            raise ArmStopped("arm stopped: a person pressed a key")
        if self.num_ways <= self._num_blocked:
            raise RobotError("the way is blocked")
        self.where = target


class Grey:
    """A camera whose pictures show nothing."""

    spec, fps, serial, time_source = CameraSpec(height=4, width=4), 30.0, "grey", "device"

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self, timeout: float) -> Frame:
        return Frame(image=np.zeros((4, 4, 3), np.uint8), time=self._clock.now())


class SeesAfter(BoardDetector):
    """Sees a board that stands where it truly is once the arm has gone some ways."""

    def __init__(self, tour: InstantArm, mount: Mount, board: Board, num_ways: int) -> None:
        self.board, self._tour, self._num_ways = board, tour, num_ways
        self._mount: Mount = mount
        self.true = truth(np.random.default_rng(0), mount, offset=0.0)

    def detect(self, image: UInt8[np.ndarray, "H W *colours"]) -> Detection | None:
        if self._tour.num_ways < self._num_ways:
            return None
        rng = np.random.default_rng(1)
        return shoot(self.true, self._tour.where, rng, mount=self._mount, board=self.board, noise=0.0)
