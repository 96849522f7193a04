"""A SpaceMouse by its report bytes, in both formats."""

import inspect
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import DeviceUnavailable
from clam_robot.timing import ManualClock
from teleop.device import AT_REST, Fingers, Motion, TeleopDevice
from teleop.spacemouse import PRODUCTS, HidHandle, SpaceMouseDevice, find, list_spacemice
from teleop.spacemouse_reports import PuckState
from teleop.testing import TeleopDeviceContract
from tests.teleop.fake_hid import BUTTONS, FakeHid

NUMBERS = st.lists(st.integers(-350, 350), min_size=6, max_size=6)


class TestSpaceMouseDevice(TeleopDeviceContract):
    def make_device(self) -> TeleopDevice:
        self.clock, self.hid = ManualClock(), FakeHid()
        return SpaceMouseDevice(self.clock, enumerate_hid=self.hid.enumerate, make_handle=self.hid.device)

    def push(self) -> None:
        self.hid.send_six(0, -200, 0, 0, 0, 0)

    def let_go(self) -> None:
        self.hid.reports.clear()
        if self.hid.is_plugged:
            self.hid.send_six(0, 0, 0, 0, 0, 0)

    def unplug(self) -> None:
        self.hid.is_plugged = False

    def plug_in(self) -> None:
        self.hid.is_plugged = True

    def wait(self, device: TeleopDevice, *, is_alive: bool = True, is_moving: bool = False) -> Motion:
        motion = device.read()
        if motion.is_alive is not is_alive:
            self.clock.advance(1.0)
            motion = device.read()
        assert motion.is_alive is is_alive
        assert (motion.twist != AT_REST) is is_moving
        return motion


@pytest.fixture
def hid() -> FakeHid:
    return FakeHid()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def device(hid: FakeHid, clock: ManualClock) -> Iterator[SpaceMouseDevice]:
    device = SpaceMouseDevice(clock, enumerate_hid=hid.enumerate, make_handle=hid.device)
    device.open()
    yield device
    device.close()
    assert hid.num_open == 0


@pytest.mark.parametrize(
    ("raw", "moved", "sign"),
    [
        ((0, -350, 0, 0, 0, 0), 0, 1.0),  # pushed away from the person
        ((-350, 0, 0, 0, 0, 0), 1, 1.0),  # to the left
        ((0, 0, -350, 0, 0, 0), 2, 1.0),  # pulled up
        ((0, 0, 0, 0, -350, 0), 3, 1.0),  # tilted to the right
        ((0, 0, 0, -350, 0, 0), 4, 1.0),  # tilted forwards
        ((0, 0, 0, 0, 0, -350), 5, 1.0),  # turned counterclockwise
    ],
)
def test_directions_in_both_formats(
    device: SpaceMouseDevice, hid: FakeHid, raw: tuple[int, ...], moved: int, sign: float
) -> None:
    for send in (hid.send_six, hid.send_twice_three):
        send(*raw)
        twist = device.read().twist
        assert twist[moved] == sign
        assert sum(map(abs, twist)) == 1.0


@given(NUMBERS)
def test_both_formats_say_the_same(numbers: list[int]) -> None:
    six, twice = FakeHid(), FakeHid()
    six.send_six(*numbers)
    twice.send_twice_three(*numbers)
    states: list[PuckState] = []
    for hid in (six, twice):
        state = PuckState()
        for report in hid.reports:
            state = state.after(report)
        states.append(state)
    assert states[0] == states[1]
    assert max(map(abs, states[0].twist)) == pytest.approx(max(map(abs, numbers)) / 350.0)


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_leave_a_state_within_bounds(reports: list[bytes]) -> None:
    state = PuckState()
    for report in reports:
        state = state.after(report)
        assert all(-1.0 <= each <= 1.0 for each in state.twist)


def test_the_battery_moves_nothing(device: SpaceMouseDevice, hid: FakeHid) -> None:
    hid.send_six(0, -100, 0, 0, 0, 0)
    hid.send(0x17, 0x64, 0x01)
    assert device.read().twist[0] == pytest.approx(100 / 350)


def test_only_the_newest_of_many_reports_counts(device: SpaceMouseDevice, hid: FakeHid) -> None:
    for number in range(0, 350, 10):
        hid.send_six(0, -number, 0, 0, 0, 0)
    assert device.read().twist[0] == pytest.approx(340 / 350)


def test_a_deflection_that_is_not_repeated_is_no_motion_any_more(
    device: SpaceMouseDevice, hid: FakeHid, clock: ManualClock
) -> None:
    hid.send_six(0, -350, 0, 0, 0, 0)
    assert device.read().twist[0] == 1.0
    clock.advance(0.25)
    assert device.read().twist == AT_REST


def test_buttons(device: SpaceMouseDevice, hid: FakeHid) -> None:
    hid.send(BUTTONS, 1, 0)
    assert device.read().gripper is Fingers.TOGGLE
    hid.send(BUTTONS, 1, 0)  # still held
    assert device.read().gripper is None
    for _ in range(3):
        hid.send(BUTTONS, 0, 0)
        hid.send(BUTTONS, 2, 0)
    assert not device.read().clutch
    hid.send(BUTTONS, 0, 0)
    hid.send(BUTTONS, 2, 0)
    assert device.read().clutch


def test_a_device_that_may_not_be_opened_is_named_with_the_rule(hid: FakeHid) -> None:
    hid.is_permitted = False
    device = SpaceMouseDevice(ManualClock(), enumerate_hid=hid.enumerate, make_handle=hid.device)
    with pytest.raises(DeviceUnavailable, match=r"SpaceMouse Compact.*udev"):
        device.open()


def test_the_interface_that_moves_is_chosen(hid: FakeHid) -> None:
    assert [each["path"] for each in find(hid.enumerate())] == [b"/dev/hidraw3"]
    blind = [{**each, "usage_page": 0, "usage": 0} for each in hid.enumerate()]  # as libusb tells it
    assert [each["path"] for each in find(blind)] == [b"/dev/hidraw4", b"/dev/hidraw3"]
    assert find(FakeHid(product=(0x256F, 0xC6FF)).enumerate())  # a model of the future
    assert (0x046D, 0xC626) in PRODUCTS


def test_hidapi_has_what_is_used_of_it() -> None:
    hidraw = pytest.importorskip("hidraw")
    handle = hidraw.device()
    for name in (name for name in vars(HidHandle) if not name.startswith("_")):
        ours = list(inspect.signature(getattr(HidHandle, name)).parameters)[1:]
        theirs = list(inspect.signature(getattr(handle, name)).parameters)
        assert theirs[: len(ours)] == ours, name
    with pytest.raises(OSError, match="open failed"):
        handle.open_path(b"/dev/hidraw-none")
    with pytest.raises(ValueError, match="not open"):
        handle.read(64)
    assert isinstance(list_spacemice(), list)
