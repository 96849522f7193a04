"""Takes the arm from pose to pose and has a picture taken in each while it stands still."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from jaxtyping import Float64

from calibration.detection import BoardDetector, Detection
from calibration.patience import patiently
from calibration.recording import RecordingWriter
from clam_robot.errors import ArmStopped, CalibrationError, RobotError
from clam_robot.hardware.cameras.camera import Camera, Frame
from clam_robot.hardware.wx250s import NUM_JOINTS
from clam_robot.interfaces import Robot
from clam_robot.timing import Clock

# View number, of how many, and why it was left out; None where it was kept.
Told = Callable[[int, int, str | None], None]
_NEAR, _STILL = 0.05, 0.0016  # [rad]; a count of a servo is 0.0015
_SETTLE = 0.4  # [s]
_PATIENCE = 5.0  # without a state of the joints [s]
_LONGEST_WAIT = 5.0  # for a frame [s]
# Pictures without a board, from poses that should show it, after which there is none.
_GIVE_UP = 6


class Goes(Robot, Protocol):
    """A robot that finds its own way, whatever stalls the program that asks for it."""

    def go_to(self, joints: Float64[np.ndarray, "6"]) -> None:
        """Go to joint positions [rad] and come to rest there.

        Raises:
            RobotError: something is in its way.
        """
        ...


class ArmTour:
    """Takes a robot to poses; its own rules keep it clear of things.

    Args:
        robot: connected and reset; its state begins with the joints.
        clock: the robot's.
    """

    def __init__(self, robot: Goes, clock: Clock) -> None:
        self._robot, self._clock = robot, clock
        self._period = 1.0 / robot.spec.control_hz

    def joints(self) -> Float64[np.ndarray, "6"]:
        """As measured now [rad]."""
        return patiently(self._robot.get_observation, self._clock, _PATIENCE).state[:NUM_JOINTS].astype(np.float64)

    def go(self, target: Float64[np.ndarray, "6"]) -> None:
        """Go there and stand still.

        Raises:
            RobotError: the arm's rules do not let it, it is pushed away, or it does not come to rest.
        """
        self._robot.go_to(target)
        self._wait_until_still()
        distance = float(np.abs(target - self.joints()).max())
        if distance > _NEAR:
            raise RobotError(f"the arm stays {distance:.2f} rad from the pose; something is in its way")

    def _wait_until_still(self) -> None:
        before, since, begin = self.joints(), self._clock.now(), self._clock.now()
        while self._clock.now() - since < _SETTLE:
            self._clock.sleep_until(self._clock.now() + self._period)
            now = self.joints()
            if np.abs(now - before).max() > _STILL:
                before, since = now, self._clock.now()
            if self._clock.now() - begin > _LONGEST_WAIT:
                raise RobotError("the arm does not come to rest; is it pushed, or does a joint swing?")


def photograph(
    tour: ArmTour,
    poses: Float64[np.ndarray, "n 6"],
    camera: Camera,
    detector: BoardDetector,
    writer: RecordingWriter,
    clock: Clock,
    *,
    tell: Told,
    goal: Callable[[], Float64[np.ndarray, "6"] | None] = lambda: None,
) -> tuple[list[Detection], Float64[np.ndarray, "m 6"]]:
    """A picture in each pose, and the joints meanwhile; poses that cannot be reached or do not show the board are left.

    Args:
        tour: that goes there.
        poses: of the joints [rad].
        camera: open.
        detector: of the board.
        writer: of what was seen.
        clock: the camera's.
        tell: how it goes, at every pose.
        goal: what the servos were told last, where that is known [rad].

    Raises:
        ArmStopped: the stop is latched.
        CameraError: the camera is gone.
        CalibrationError: no pose showed the board, or none of the first pictures: the others would not either.
    """
    seen: list[Detection] = []
    num_empty = 0
    joints: list[np.ndarray] = []
    for number, pose in enumerate(poses, 1):
        try:
            tour.go(pose)
        except ArmStopped:  # it goes nowhere until a person has looked into it
            raise
        except RobotError as error:
            tell(number, len(poses), str(error))
            continue
        frame, before = fresh_frame(camera, clock), tour.joints()
        found = detector.detect(frame.image)
        if found is None:
            tell(number, len(poses), "no board in the picture")
            num_empty += 1
            if not seen and num_empty == _GIVE_UP:
                break
            continue
        writer.add(frame.image, before, goal())
        seen.append(found)
        joints.append(before)
        tell(number, len(poses), None)
    if not seen and not num_empty:
        raise CalibrationError(
            f"none of the {len(poses)} poses could be reached; what was in the way was told with each"
        )
    if not seen:
        raise CalibrationError(
            f"expected the board in most of the poses, found it in none of the {num_empty} pictures that were taken; "
            "is the camera covered, is it this board, and are the rough places of camera and board right "
            "(--camera-place, --board-place)?"
        )
    return seen, np.array(joints)


def fresh_frame(camera: Camera, clock: Clock) -> Frame:
    """A frame that was captured after this call; cameras keep a few."""
    asked = clock.now()
    while True:
        frame = camera.read(_LONGEST_WAIT)
        if frame.time >= asked:
            return frame
