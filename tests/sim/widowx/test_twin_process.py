"""The twin from outside, as drivers meet it: another process, a serial port, and the genuine dynamixel-sdk."""

import math
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dynamixel_sdk
import numpy as np
import pytest
import serial

from clam_robot.errors import RobotError
from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import OperatingMode
from sim.widowx.packet import Instruction, Packet
from sim.widowx.twin_client import TwinClient
from sim.widowx.twin_process import TwinProcess

pytestmark = pytest.mark.xdist_group("twin")
BAUD = 1_000_000
PATIENCE = 20.0  # [s], for what a busy machine may delay


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess(link=tmp_path_factory.mktemp("dev") / "ttyDXL") as twin:
        yield twin


@pytest.fixture
def truth(twin: TwinProcess) -> Iterator[TwinClient]:
    with twin.client() as client:
        client.fault("clear")
        client.reset()
        yield client
        client.fault("clear")


class Host:
    """The genuine SDK on a port. It gives a servo some 30 ms to answer, which a busy machine may exceed: try again."""

    def __init__(self, path: Path) -> None:
        self.port = dynamixel_sdk.PortHandler(str(path))
        self.packets = dynamixel_sdk.PacketHandler(2.0)
        assert self.port.openPort()
        assert self.port.setBaudRate(BAUD)

    def read(self, servo: int, register: ct.Register) -> int:
        call = {1: "read1ByteTxRx", 2: "read2ByteTxRx", 4: "read4ByteTxRx"}[register.size]
        value, _ = self._persist(getattr(self.packets, call), servo, register.address)
        top = 1 << 8 * register.size
        return value - top if register.is_signed and value >= top // 2 else value

    def write(self, servo: int, register: ct.Register, value: int) -> int:
        """The status error."""
        call = {1: "write1ByteTxRx", 2: "write2ByteTxRx", 4: "write4ByteTxRx"}[register.size]
        (error,) = self._persist(getattr(self.packets, call), servo, register.address, value)
        return error

    def ping(self, servo: int) -> tuple[int, int]:
        model, error = self._persist(self.packets.ping, servo)
        return model, error

    def is_silent(self, servo: int) -> bool:
        return self.packets.ping(self.port, servo)[1] == dynamixel_sdk.COMM_RX_TIMEOUT

    def _persist(self, call: Callable[..., tuple[int, ...]], *arguments: int) -> tuple[int, ...]:
        for _ in range(20):
            *values, result, error = call(self.port, *arguments)
            if result == dynamixel_sdk.COMM_SUCCESS:
                return (*values, error)
        raise AssertionError(f"no answer to {call.__name__} {arguments}: {self.packets.getTxRxResult(result)}")


@pytest.fixture
def host(twin: TwinProcess, truth: TwinClient) -> Iterator[Host]:
    host = Host(twin.port)
    yield host
    host.port.closePort()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)


def has_come_to_rest(truth: TwinClient, goal: tuple[float, ...]) -> bool:
    state = truth.state()
    return bool(np.allclose(state.position, goal, atol=0.06)) and max(map(abs, state.velocity)) < 0.01


def test_genuine_sdk_finds_nine_servos(host: Host) -> None:
    found, result = {}, -1
    for _ in range(20):
        found, result = host.packets.broadcastPing(host.port)
        if len(found) == 9:
            break
    assert result == dynamixel_sdk.COMM_SUCCESS
    assert {servo: model for servo, (model, _) in found.items()} == {
        each.id: ct.MODEL_NUMBERS[each.model] for each in wx250s.SERVOS
    }


def test_start_up_of_the_vendors_node_goes_through(host: Host) -> None:
    # What xs_sdk does when it starts: ping, EEPROM of each motor, shadows calibrated, modes, torque, profile.
    for servo in wx250s.SERVOS:
        assert host.ping(servo.id) == (ct.MODEL_NUMBERS[servo.model], 0)
        settings = (
            (ct.TORQUE_ENABLE, 0),
            (ct.BAUD_RATE, 3),
            (ct.RETURN_DELAY_TIME, 0),
            (ct.DRIVE_MODE, int(servo.is_reversed)),
            (ct.VELOCITY_LIMIT, 131),
            (ct.MIN_POSITION_LIMIT, servo.low_count),
            (ct.MAX_POSITION_LIMIT, servo.high_count),
            (ct.SECONDARY_ID, servo.follows or 255),
        )
        for register, value in settings:
            assert host.write(servo.id, register, value) == 0
            assert host.read(servo.id, register) == value
    for leader, shadow in ((2, 3), (4, 5)):
        host.write(shadow, ct.HOMING_OFFSET, 0)
        difference = host.read(leader, ct.PRESENT_POSITION) - host.read(shadow, ct.PRESENT_POSITION)
        assert host.write(shadow, ct.HOMING_OFFSET, difference % 2**32) == 0
    for servo in wx250s.SERVOS:
        is_gripper = servo.name == wx250s.GRIPPER
        mode = OperatingMode.PWM if is_gripper else OperatingMode.POSITION
        assert host.write(servo.id, ct.DRIVE_MODE, int(servo.is_reversed) | (0 if is_gripper else 4)) == 0
        assert host.write(servo.id, ct.OPERATING_MODE, mode) == 0
    for servo in wx250s.SERVOS:
        assert host.write(servo.id, ct.PROFILE_VELOCITY, 2000) == 0
        assert host.write(servo.id, ct.PROFILE_ACCELERATION, 300) == 0
        assert host.write(servo.id, ct.TORQUE_ENABLE, 1) == 0


def test_arm_moves_by_sync_write_as_sync_read_and_the_truth_tell(host: Host, truth: TwinClient) -> None:
    for servo in wx250s.SERVOS[:-1]:
        host.write(servo.id, ct.TORQUE_ENABLE, 1)
        host.write(servo.id, ct.PROFILE_VELOCITY, 800)
    write = dynamixel_sdk.GroupSyncWrite(host.port, host.packets, ct.GOAL_POSITION.address, 4)
    for name, angle in zip(wx250s.JOINT_NAMES, wx250s.NEUTRAL, strict=True):
        write.addParam(wx250s.servo(name).id, round(2048 + angle * 4096 / math.tau).to_bytes(4, "little"))
    assert write.txPacket() == dynamixel_sdk.COMM_SUCCESS
    wait_until(lambda: has_come_to_rest(truth, wx250s.NEUTRAL), "the arm arrives")
    read = dynamixel_sdk.GroupSyncRead(host.port, host.packets, ct.PRESENT_CURRENT.address, 10)
    for servo in wx250s.SERVOS:
        read.addParam(servo.id)
    wait_until(lambda: read.txRxPacket() == dynamixel_sdk.COMM_SUCCESS, "a sync read")
    counts = [read.getData(wx250s.servo(name).id, ct.PRESENT_POSITION.address, 4) for name in wx250s.JOINT_NAMES]
    np.testing.assert_allclose((np.array(counts) - 2048) * wx250s.COUNT, truth.state().position, atol=0.01)


def test_refusals_reach_the_sdk(host: Host) -> None:
    host.write(2, ct.TORQUE_ENABLE, 1)
    assert host.write(2, ct.OPERATING_MODE, 4) == 7
    assert host.write(2, ct.GOAL_POSITION, 100) == 6
    assert host.write(2, ct.PROFILE_VELOCITY, 40_000) == 4


def test_overload_is_seen_in_the_register_and_cured_by_a_reboot(host: Host, truth: TwinClient) -> None:
    host.write(4, ct.TORQUE_ENABLE, 1)
    truth.fault("overload", "elbow")
    assert host.ping(4) == (1020, 0x80)
    assert host.read(4, ct.HARDWARE_ERROR_STATUS) == 32
    assert host.read(4, ct.TORQUE_ENABLE) == 0
    assert not truth.state().torque_on[3]
    host.packets.reboot(host.port, 4)
    wait_until(lambda: not host.is_silent(4), "the servo is back")
    assert host.ping(4) == (1020, 0)


def test_lost_servo_is_silent_until_found(host: Host, truth: TwinClient) -> None:
    truth.fault("lost", "wrist_angle")
    assert host.is_silent(7)
    truth.fault("lost", "wrist_angle", 0.0)
    assert host.ping(7) == (1020, 0)


def test_reboot_of_its_own_loses_the_profile(host: Host, truth: TwinClient) -> None:
    host.write(6, ct.PROFILE_VELOCITY, 2000)
    truth.fault("reboot", "forearm_roll")
    wait_until(lambda: not host.is_silent(6), "the servo is back")
    assert host.read(6, ct.PROFILE_VELOCITY) == 0


def test_bad_packets_cost_answers_not_sense(host: Host, truth: TwinClient) -> None:
    truth.fault("corrupt", value=0.3)
    truth.fault("drop", value=0.1)
    good = 0
    for _ in range(40):
        value, result, error = host.packets.read2ByteTxRx(host.port, 1, ct.MODEL_NUMBER.address)
        if result == dynamixel_sdk.COMM_SUCCESS:
            good += 1
            assert (value, error) == (1020, 0)
    assert 0 < good < 40


def test_sagging_supply_is_measured_and_alarms(host: Host, truth: TwinClient) -> None:
    truth.fault("voltage", value=9.0)
    wait_until(lambda: host.read(1, ct.PRESENT_INPUT_VOLTAGE) <= 90, "the voltage drops")
    assert host.read(1, ct.HARDWARE_ERROR_STATUS) == 1


def test_unplugged_adapter_is_gone_and_comes_back(twin: TwinProcess, truth: TwinClient) -> None:
    with serial.Serial(str(twin.port), BAUD, timeout=0.05) as port:
        truth.fault("unplug")
        wait_until(lambda: not twin.port.is_symlink(), "the device vanishes")
        with pytest.raises((serial.SerialException, OSError, termios.error)):
            for _ in range(100):
                port.write(b"\0")
                port.read(1)
    truth.fault("unplug", value=0.0)
    wait_until(twin.port.is_symlink, "the device is back")
    host = Host(twin.port)
    assert host.ping(1)[0] == 1020
    host.port.closePort()


def test_garbage_on_the_line_is_ignored(twin: TwinProcess, truth: TwinClient) -> None:
    with serial.Serial(str(twin.port), BAUD, timeout=PATIENCE) as port:
        for garbage in (b"\xff" * 50, bytes(range(256)) * 8, b"\xff\xff\xfd\x00\x01\xff\x03", b"\xff\xff\xfd"):
            port.write(garbage)
            port.write(Packet(id=5, instruction=Instruction.PING).to_bytes())
            assert port.read(14)[4] == 5


def test_wrong_baud_rate_is_met_with_silence(twin: TwinProcess, truth: TwinClient) -> None:
    with serial.Serial(str(twin.port), 57_600, timeout=0.3) as port:
        port.write(Packet(id=1, instruction=Instruction.PING).to_bytes())
        assert port.read(1) == b""


def test_scene_is_drawn_without_a_gap_in_the_bus(host: Host, truth: TwinClient) -> None:
    pictures = {camera: truth.frame(camera, 120, 160) for camera in ("over_shoulder", "wrist")}
    for picture in pictures.values():
        assert picture.shape == (120, 160, 3)
        assert picture.std() > 20
    assert not np.array_equal(*pictures.values())
    assert host.ping(1) == (1020, 0)


def test_trace_over_the_side_channel_holds_every_step(truth: TwinClient) -> None:
    truth.log(True)
    truth.trace()
    truth.load("waist", 2.0)
    wait_until(lambda: abs(truth.state().position[0]) > 0.2, "the waist is pushed")
    report, rows = truth.trace()
    truth.log(False)
    truth.load("waist", 0.0)
    assert len(rows) == report.num_steps > 10
    np.testing.assert_allclose(np.diff(rows[:, 0]), 0.002)
    assert report.max_speed[0] == pytest.approx(np.abs(rows[:, 8]).max())


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda truth: truth.fault("nonsense"), "overload"),
        (lambda truth: truth.fault("lost", "knee"), "wrist_angle"),
        (lambda truth: truth.fault("drop", value=2.0), "between 0 and 1"),
        (lambda truth: truth.fault("voltage", value=1e9), "between 0 and 30"),
        (lambda truth: truth.fault("latency", value=-1.0), "0 or more"),
        (lambda truth: truth.load("waist", math.nan), "finite"),
        (lambda truth: truth.frame("nose"), "over_shoulder"),
        (lambda truth: truth.frame("wrist", 10_000, 10), "2048"),
        (lambda truth: truth.place([0.0, 1.0]), "6 finite angles"),
        (lambda truth: truth.load("knee", 1.0), "elbow"),
    ],
)
def test_side_channel_says_why_it_refuses(truth: TwinClient, ask: Callable[[TwinClient], None], words: str) -> None:
    with pytest.raises(RobotError, match=words):
        ask(truth)
    assert len(truth.state().position) == 6


def test_scaled_time_runs_faster_and_the_bus_keeps_up(tmp_path: Path) -> None:
    with TwinProcess(link=tmp_path / "ttyDXL", speed=5.0) as twin, twin.client() as truth:
        before, begun = truth.usage(), time.monotonic()
        host = Host(twin.port)
        while time.monotonic() < begun + 1.5:
            assert host.ping(1) == (1020, 0)
        after, ended = truth.usage(), time.monotonic()
        host.port.closePort()
    # A busy machine may owe the twin up to two seconds.
    passed = after["simulated_seconds"] + after["lost_time"] - before["simulated_seconds"] - before["lost_time"]
    assert 5.0 * (ended - begun - 2.0) <= passed <= 5.0 * (ended - begun + 2.0)
    assert passed > ended - begun


def test_client_without_a_twin_says_how_to_start_one(twin: TwinProcess) -> None:
    with pytest.raises(RobotError, match="clam twin"):
        TwinClient(("127.0.0.1", 1))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may raise priorities")
def test_servos_go_before_other_programs(twin: TwinProcess) -> None:
    assert os.getpriority(os.PRIO_PROCESS, twin.pid) < os.getpriority(os.PRIO_PROCESS, 0)


def test_interrupt_ends_it_cleanly(tmp_path: Path) -> None:
    link = tmp_path / "ttyDXL"
    twin = TwinProcess(link=link)
    with twin:
        os.kill(twin.pid, signal.SIGINT)
        wait_until(lambda: not link.is_symlink(), "the link is gone")


def test_twin_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    link = tmp_path / "ttyDXL"
    program = (
        "import os, pathlib, signal, sys\n"
        "from sim.widowx.twin_process import TwinProcess\n"
        "with TwinProcess(link=pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(link)], check=False, timeout=60)
    wait_until(lambda: not link.is_symlink(), "the orphan ends")
