"""What every `TeleopDevice` keeps, as tests: inherit, give a factory, and do what a person does.

class TestMyDevice(TeleopDeviceContract):
    def make_device(self) -> TeleopDevice:
        return MyDevice(...)
"""

from abc import ABC, abstractmethod

import pytest

from clam_robot.errors import DeviceUnavailable
from teleop.device import AT_REST, Event, Fingers, Motion, TeleopDevice


class TeleopDeviceContract(ABC):
    """`push` and `unplug` reach the device as its hardware would; `pass_time` lets it notice."""

    # Whether it can be lost and come back while it is open.
    can_be_lost = True

    @abstractmethod
    def make_device(self) -> TeleopDevice:
        """A new device, not yet open, that nobody touches."""

    @abstractmethod
    def push(self) -> None:
        """Have the person push the device, any axis, and keep pushing."""

    @abstractmethod
    def let_go(self) -> None:
        """Have the person let go."""

    @abstractmethod
    def wait(self, device: TeleopDevice, *, is_alive: bool = True, is_moving: bool = False) -> Motion:
        """Read until the device says so; fails after a generous while."""

    def unplug(self) -> None:
        """Take the device away."""
        raise NotImplementedError

    def plug_in(self) -> None:
        """Bring it back."""
        raise NotImplementedError

    def test_it_is_a_device(self) -> None:
        assert isinstance(self.make_device(), TeleopDevice)

    def test_reading_before_open_and_after_close_is_refused(self) -> None:
        device = self.make_device()
        with pytest.raises(DeviceUnavailable, match="open"):
            device.read()
        device.open()
        device.read()
        device.close()
        with pytest.raises(DeviceUnavailable, match="open"):
            device.read()

    def test_open_and_close_may_be_called_twice_and_again(self) -> None:
        device = self.make_device()
        device.close()
        for _ in range(2):
            device.open()
            device.open()
            try:
                require_valid(self.wait(device))
            finally:
                device.close()
                device.close()

    def test_untouched_it_is_at_rest_and_says_nothing(self) -> None:
        device = self.make_device()
        device.open()
        try:
            self.wait(device)
            for _ in range(5):
                motion = device.read()
                require_valid(motion)
                assert motion.twist == pytest.approx(AT_REST, abs=0.05)
                assert motion.events == ()
        finally:
            device.close()

    def test_pushed_it_moves_and_let_go_it_rests(self) -> None:
        device = self.make_device()
        device.open()
        try:
            self.wait(device)
            self.push()
            require_valid(self.wait(device, is_moving=True))
            self.let_go()
            require_valid(self.wait(device))
        finally:
            device.close()

    def test_lost_while_pushed_it_is_not_alive_and_comes_back_by_itself(self) -> None:
        if not self.can_be_lost:
            pytest.skip("this device cannot be lost")
        device = self.make_device()
        device.open()
        try:
            self.wait(device)
            self.push()
            self.wait(device, is_moving=True)
            self.unplug()
            for _ in range(3):
                motion = self.wait(device, is_alive=False)
                require_valid(motion)
                assert motion.twist == AT_REST
                assert motion.joints is None
                assert motion.note
            self.plug_in()
            self.let_go()
            require_valid(self.wait(device))
            self.push()
            require_valid(self.wait(device, is_moving=True))
        finally:
            device.close()


def require_valid(motion: Motion) -> None:
    """Check what every motion keeps."""
    assert isinstance(motion, Motion)
    assert len(motion.twist) == 6
    assert all(-1.0 <= each <= 1.0 for each in motion.twist)
    assert 0.0 < motion.speed <= 1.0
    assert all(isinstance(event, Event) for event in motion.events)
    if isinstance(motion.gripper, float) and not isinstance(motion.gripper, Fingers):
        assert 0.0 <= motion.gripper <= 1.0
    if not motion.is_alive:
        assert motion.twist == AT_REST
        assert motion.joints is None
        assert motion.gripper is None
