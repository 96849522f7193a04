"""A leader arm over its servo bus: a second twin, whose joints a test moves by hand."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clam_robot.errors import ConfigError, DeviceUnavailable, PortUnavailable, ServoSilent
from clam_robot.hardware.control_table import TORQUE_ENABLE
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.servo_bus import ServoBus
from clam_robot.hardware.wx250s import FINGER_CLOSED, FINGER_OPEN, IDS, SLEEP
from clam_robot.timing import MonotonicClock
from sim.widowx.twin_client import TwinClient
from sim.widowx.twin_process import TwinProcess
from teleop.device import Motion, TeleopDevice
from teleop.leader_arm import LeaderArmDevice
from teleop.leader_config import LeaderConfig, leader_joints
from teleop.testing import TeleopDeviceContract
from tests.programs import REPLY_TIMEOUT
from tests.teleop.terminals import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("arm")]

RAISED = np.array([0.0, -0.6, 0.5, 0.0, 0.9, 0.0])


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess(link=tmp_path_factory.mktemp("leader") / "ttyDXL_leader") as twin:
        yield twin


@pytest.fixture
def hand(twin: TwinProcess) -> Iterator[TwinClient]:
    """A person at the leader."""
    with twin.client() as hand:
        hand.fault("clear")
        wait_until(twin.port.exists)
        hand.reset()
        yield hand
        hand.fault("clear")


def device_on(twin: TwinProcess, **setup: object) -> LeaderArmDevice:
    # A twin on a busy machine answers late at times, and a reading may be as old.
    config = LeaderConfig(port=str(twin.port), reply_timeout=REPLY_TIMEOUT, stale_after=1.0, **setup)  # type: ignore[arg-type]
    return LeaderArmDevice(config, MonotonicClock())


def bus_on(twin: TwinProcess) -> ServoBus:
    bus = ServoBus(SerialPort(str(twin.port), reply_timeout=REPLY_TIMEOUT))
    bus.open()
    return bus


class TestLeaderArmDevice(TeleopDeviceContract):
    @pytest.fixture(autouse=True)
    def an_arm(self, twin: TwinProcess, hand: TwinClient) -> None:
        self.twin, self.hand = twin, hand

    def make_device(self) -> TeleopDevice:
        return device_on(self.twin)

    def push(self) -> None:
        self.hand.place(RAISED.tolist())

    def let_go(self) -> None:
        self.hand.place(list(SLEEP))

    def unplug(self) -> None:
        self.hand.fault("unplug")

    def plug_in(self) -> None:
        self.hand.fault("clear")

    def wait(self, device: TeleopDevice, *, is_alive: bool = True, is_moving: bool = False) -> Motion:
        found = [device.read()]

        def is_so() -> bool:
            found.append(device.read())
            joints = found[-1].joints
            if not (is_alive and joints):
                return found[-1].is_alive is is_alive
            # "Moving" is being raised; limp, it sinks at once.
            return bool(np.abs(np.array(joints) - np.array(SLEEP)).max() > 0.3) is is_moving

        wait_until(is_so)
        return found[-1]


def test_joints_and_gripper_are_those_of_the_arm(twin: TwinProcess, hand: TwinClient) -> None:
    device = device_on(twin)
    device.open()
    try:
        for finger, opening in ((FINGER_CLOSED, 0.0), (FINGER_OPEN, 1.0)):
            hand.place(list(SLEEP), finger)
            wait_until(lambda opening=opening: device.read().gripper == pytest.approx(opening, abs=0.1))
        joints = device.read().joints
        assert joints is not None
        np.testing.assert_allclose(joints, hand.state().position, atol=0.02)
    finally:
        device.close()


def test_torque_is_switched_off_at_rest_only_unless_a_person_supports_it(twin: TwinProcess, hand: TwinClient) -> None:
    bus = bus_on(twin)
    for servo_id in IDS:
        bus.write(servo_id, TORQUE_ENABLE, 1)
    bus.close()
    hand.place(RAISED.tolist())
    with pytest.raises(DeviceUnavailable, match="lay it to rest"):
        device_on(twin).open()
    assert all(hand.state().torque_on)
    device = device_on(twin, release=True)
    device.open()
    device.close()
    assert not any(hand.state().torque_on)


def test_servos_that_do_not_answer_are_named(twin: TwinProcess, hand: TwinClient) -> None:
    hand.fault("lost", "wrist_angle")
    with pytest.raises(ServoSilent, match=r"wrist_angle \(id 7\)"):
        device_on(twin).open()


def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    device = LeaderArmDevice(LeaderConfig(port=str(tmp_path / "ttyDXL_leader")), MonotonicClock())
    with pytest.raises(PortUnavailable, match="ttyDXL_leader"):
        device.open()


def test_a_servo_that_falls_silent_is_no_motion_and_comes_back(twin: TwinProcess, hand: TwinClient) -> None:
    device = device_on(twin)
    device.open()
    try:
        hand.fault("lost", "elbow")
        wait_until(lambda: "elbow" in device.read().note)
        assert not device.read().is_alive
        hand.fault("clear")
        wait_until(lambda: device.read().is_alive)
    finally:
        device.close()


def test_signs_offsets_and_gripper_angles_of_another_chain() -> None:
    setup = LeaderConfig(
        ids=(1, 2, 3, 4, 5, 6, 7),
        helpers=(),
        signs=(1.0, -1.0, 1.0, 1.0, -1.0, 1.0),
        offsets=(0.0, 1.0, 0.0, 0.0, 0.0, -0.5),
        gripper_closed=-1.0,
        gripper_open=1.0,
    )
    counts = {1: 2048, 2: 2048 + 1024, 3: 2048, 4: 1024, 5: 3072, 6: 2048, 7: 2048}
    joints, opening = leader_joints(counts, setup)
    quarter = np.pi / 2
    np.testing.assert_allclose(joints, [0.0, 1.0 - quarter, 0.0, -quarter, -quarter, -0.5])
    assert opening == pytest.approx(0.5)


@pytest.mark.parametrize(
    "setup", [{"ids": (1, 2)}, {"ids": (1, 1, 2, 3, 4, 5, 6)}, {"signs": (2.0,) * 6}, {"offsets": (float("nan"),) * 6}]
)
def test_settings_that_make_no_sense_are_named(setup: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ConfigError, match=next(iter(setup))):
        LeaderConfig(**setup)  # type: ignore[arg-type]
