"""A device that says what a test tells it to."""

from clam_robot.errors import DeviceUnavailable
from teleop.device import Motion


class FakeDevice:
    """Says `motion` at every reading, its events and gripper once."""

    def __init__(self, motion: Motion | None = None) -> None:
        self.motion = motion or Motion()
        self.error: Exception | None = None
        self.num_reads = 0
        self.is_open = False

    def open(self) -> None:
        if self.error is not None:
            raise self.error
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def read(self) -> Motion:
        if not self.is_open:
            raise DeviceUnavailable("the fake is not open; call open() first")
        if self.error is not None:
            raise self.error
        self.num_reads += 1
        motion = self.motion
        self.motion = Motion(
            twist=motion.twist,
            joints=motion.joints,
            clutch=motion.clutch,
            speed=motion.speed,
            is_alive=motion.is_alive,
            note=motion.note,
        )
        return motion
