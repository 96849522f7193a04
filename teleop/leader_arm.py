"""A second arm that a person moves by hand, without torque; the robot does the same."""

import threading

import numpy as np

from clam_robot.errors import DeviceUnavailable, DriverError, ServoSilent
from clam_robot.hardware.control_table import PRESENT_POSITION, TORQUE_ENABLE
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.servo_bus import ServoBus
from clam_robot.hardware.wx250s import JOINT_NAMES, SLEEP
from clam_robot.timing import Clock
from teleop.device import Motion, silent
from teleop.leader_config import LeaderConfig, leader_joints

_HZ = 100.0
_TRY_AGAIN = 0.5  # with a port that was lost [s]
_ENDS_WITHIN = 5.0  # [s]
_AT_REST = 0.2  # a joint this near to the sleep pose cannot fall far [rad]


class LeaderArmDevice:
    """A `TeleopDevice` whose motions carry joints. A thread reads the servos, so that `read` never waits for the bus.

    Torque that is on is switched off only where the arm lies at its rest, or where `release` says so: it would fall.

    Args:
        setup: which chain.
        clock: real.
    """

    def __init__(self, setup: LeaderConfig, clock: Clock) -> None:
        self._setup, self._clock = setup, clock
        self._bus = ServoBus(SerialPort(setup.port, baud=setup.baud, reply_timeout=setup.reply_timeout))
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._latest: tuple[float, np.ndarray, float] | None = None
        self._problem = ""

    def open(self) -> None:
        if self._thread is not None:
            return
        self._connect()
        self._ending.clear()
        self._latest, self._problem = self._measure(), ""
        self._thread = threading.Thread(target=self._run, name="leader arm", daemon=True)
        self._thread.start()

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending.set()
            thread.join(_ENDS_WITHIN)
            self._bus.close()

    def read(self) -> Motion:
        if self._thread is None:
            raise DeviceUnavailable("the leader arm is not open; call open() first")
        latest = self._latest
        if latest is None or self._clock.now() - latest[0] > self._setup.stale_after:
            return silent(self._problem or "the leader arm does not answer")
        _, joints, opening = latest
        return Motion(joints=tuple(float(each) for each in joints), gripper=opening)

    def _connect(self) -> None:
        """Open the port, find every servo, and see to it that the arm is limp."""
        self._bus.open()
        try:
            self._call_roll()
            self._make_limp()
        except BaseException:
            self._bus.close()
            raise

    def _call_roll(self) -> None:
        setup, silent_ones = self._setup, list[str]()
        for name, servo_id in zip((*JOINT_NAMES, "gripper"), setup.ids, strict=True):
            try:
                self._bus.ping(servo_id)
            except ServoSilent:
                silent_ones.append(f"{name} (id {servo_id})")
        if silent_ones:
            verb = "does" if len(silent_ones) == 1 else "do"
            raise ServoSilent(
                f"of the leader arm on {setup.port} at {setup.baud} baud {', '.join(silent_ones)} {verb} not answer; "
                "switch on its power and check its cables, its baud rate and its ids"
            )

    def _make_limp(self) -> None:
        setup = self._setup
        every = (*setup.ids, *setup.helpers)
        replies = self._bus.read_all(every, TORQUE_ENABLE, TORQUE_ENABLE)
        holding = [each for each, reply in replies.items() if reply.value(TORQUE_ENABLE, TORQUE_ENABLE.address)]
        if not holding:
            return
        _, joints, _ = self._measure()
        if not setup.release and np.abs(joints - np.array(SLEEP)).max() > _AT_REST:
            raise DeviceUnavailable(
                f"the leader arm on {setup.port} holds itself up and would fall without torque; lay it to rest first, "
                "or support it and give --leader.release"
            )
        for servo_id in holding:
            self._bus.write(servo_id, TORQUE_ENABLE, 0)

    def _measure(self) -> tuple[float, np.ndarray, float]:
        begin = self._clock.now()
        replies = self._bus.read_all(self._setup.ids, PRESENT_POSITION, PRESENT_POSITION)
        counts = {each: reply.value(PRESENT_POSITION, PRESENT_POSITION.address) for each, reply in replies.items()}
        joints, opening = leader_joints(counts, self._setup)
        return 0.5 * (begin + self._clock.now()), joints, opening

    def _run(self) -> None:
        is_connected = True
        while not self._ending.wait(1.0 / _HZ if is_connected else _TRY_AGAIN):
            try:
                if not is_connected:
                    self._connect()
                    is_connected = True
                self._latest, self._problem = self._measure(), ""
            except ServoSilent as error:
                self._problem = str(error)
            except (DriverError, DeviceUnavailable) as error:
                self._problem = str(error)
                self._bus.close()
                is_connected = False
