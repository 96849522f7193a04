"""How each driver streams to the twin: lag and error of a sine, rate and gaps of the states, processor time.

    .venv/bin/python tests/benchmarks/driver_streaming.py [--seconds 12] [--hz 50] [--joint waist] [--only ros]

A joint follows a sine of 0.25 Hz and 0.3 rad sent at `hz` with a profile of two and a half periods. The lag is the
phase between goals and states, both on the driver's clock; the error is what is left once the lag is taken out. Then
the same while another thread asks for the health of all servos over and over. "busy-wait" is the driver with a port
that polls as the SDK's own does. CPU is of this process, which holds driver and stream, as a share of one core.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from clam_robot.errors import DriverError
from clam_robot.hardware import wx250s
from clam_robot.hardware.dynamixel_driver import DynamixelConfig, DynamixelDriver
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.timing import MonotonicClock, Rate
from sim.widowx.twin_process import TwinProcess

CLOCK = MonotonicClock()
RAISED = np.array([0.0, -1.2, 0.9, 0.0, 0.3, 0.0])
FREQUENCY, AMPLITUDE = 0.25, 0.3  # [Hz], [rad]
WARM_UP = 2.0  # [s]
PATIENCE = 5.0  # [s]


class BusyPort(SerialPort):
    """Asks over and over whether bytes have come, as the SDK's own port does."""

    def readPort(self, length: int) -> bytes:
        return self._opened().read(max(0, length))

    def isPacketTimeout(self) -> bool:
        return time.monotonic() > self._deadline


class Witness:
    """Collects every new state of a driver."""

    def __init__(self, driver: JointDriver, joint: int) -> None:
        self.times: list[float] = []
        self.angles: list[float] = []
        self._driver, self._joint = driver, joint
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._is_over.wait(3e-3):
            state = self._driver.read()
            if not self.times or state.time > self.times[-1]:
                self.times.append(state.time)
                self.angles.append(float(state.position[self._joint]))

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()


def stream(driver: JointDriver, joint: int, *, hz: float, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Send the sine; times and goals as they were sent."""
    rate, begin = Rate(hz, CLOCK), CLOCK.now()
    times, goals = [], []
    while (now := CLOCK.now()) < begin + WARM_UP + seconds:
        goal = RAISED.copy()
        goal[joint] += AMPLITUDE * np.sin(2.0 * np.pi * FREQUENCY * (now - begin))
        driver.command(goal)
        if now > begin + WARM_UP:
            times.append(now)
            goals.append(goal[joint])
        rate.sleep()
    return np.array(times), np.array(goals)


def sine(times: np.ndarray, values: np.ndarray) -> tuple[complex, float]:
    """Phasor of the sine in values, and what is left besides it, rms."""
    turn = 2.0 * np.pi * FREQUENCY * times
    basis = np.stack([np.cos(turn), np.sin(turn), np.ones_like(turn)], axis=1)
    found, *_ = np.linalg.lstsq(basis, values, rcond=None)
    return complex(found[0], -found[1]), float(np.sqrt(np.mean((values - basis @ found) ** 2)))


def measure(driver: JointDriver, joint: int, *, hz: float, seconds: float) -> str:
    witness = Witness(driver, joint)
    used, begin = time.process_time(), time.monotonic()
    times, goals = stream(driver, joint, hz=hz, seconds=seconds)
    share = (time.process_time() - used) / (time.monotonic() - begin)
    witness.close()
    kept = np.array(witness.times) >= times[0]
    seen, angles = np.array(witness.times)[kept], np.array(witness.angles)[kept]
    asked, _ = sine(times - times[0], goals)
    answered, rest = sine(seen - times[0], angles)
    lag = np.angle(asked / answered) / (2.0 * np.pi * FREQUENCY)
    gaps = np.diff(seen)
    return (
        f"{lag * 1e3:7.0f} {abs(answered) / abs(asked):6.3f} {rest * 1e3:10.2f} {1.0 / gaps.mean():7.1f} "
        f"{np.percentile(gaps, 99) * 1e3:8.1f} {gaps.max() * 1e3:8.1f} {share:6.2f}"
    )


@contextmanager
def asking(driver: JointDriver) -> Iterator[list[float]]:
    """Ask for the servos' health without pause; gives the seconds that each answer took."""
    took: list[float] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            begin = time.monotonic()
            driver.servos()
            took.append(time.monotonic() - begin)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield took
    finally:
        is_over.set()
        thread.join()


def run(name: str, driver: JointDriver, joint: int, *, hz: float, seconds: float) -> None:
    driver.connect()
    try:
        driver.prepare(profile_velocity=1500, profile_acceleration=400)
        driver.command(RAISED)
        CLOCK.sleep_until(CLOCK.now() + 2.5)
        period = 1e3 / hz
        driver.prepare(profile_velocity=round(1.25 * period * 2), profile_acceleration=round(0.5 * period * 2))
        print(f"{name:24} {measure(driver, joint, hz=hz, seconds=seconds)}", flush=True)
        with asking(driver) as took:
            row = measure(driver, joint, hz=hz, seconds=seconds)
        print(f"{'  registers polled':24} {row}   a poll of all servos: {np.median(took) * 1e3:.0f} ms", flush=True)
    finally:
        driver.disconnect()


@contextmanager
def ros(port: str) -> Iterator[Callable[[], JointDriver]]:
    """A master and our node; gives a maker of drivers."""
    with ExitStack() as stack, socket.socket() as probe:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
        probe.close()
        os.environ |= {"ROS_MASTER_URI": f"http://127.0.0.1:{number}", "ROS_IP": "127.0.0.1"}
        os.environ |= {"ROS_HOME": folder, "ROS_LOG_DIR": folder}
        log = stack.enter_context((Path(folder) / "programs.log").open("w"))
        for command in (
            ["rosmaster", "--core", "-p", str(number)],
            [sys.executable, "-m", "clam_robot.cli.main", "xs-sdk", "--port", port],
        ):
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            stack.callback(process.wait)
            stack.callback(os.killpg, process.pid, 2)
            time.sleep(1.5)
        from clam_robot.hardware.ros_driver import RosConfig, RosDriver

        yield lambda: RosDriver(RosConfig(stale_after=PATIENCE), CLOCK)


def connected(make_driver: Callable[[], JointDriver]) -> JointDriver:
    """A driver of a node that may still be starting."""
    deadline = CLOCK.now() + 60.0
    while True:
        driver = make_driver()
        try:
            driver.connect()
        except DriverError:
            if CLOCK.now() > deadline:
                raise
            CLOCK.sleep_until(CLOCK.now() + 0.2)
        else:
            return driver


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--hz", type=float, default=50.0)
    parser.add_argument("--joint", default="waist", choices=wx250s.JOINT_NAMES)
    parser.add_argument("--only", choices=("dynamixel", "busy-wait", "ros"))
    options = parser.parse_args()
    joint = wx250s.JOINT_NAMES.index(options.joint)
    columns = f"{'lag ms':>7} {'gain':>6} {'rest mrad':>10} {'states':>7} {'gap p99':>8} {'worst':>8} {'CPU':>6}"
    print(f"{'driver':24} {columns}")
    with TwinProcess() as twin:
        # A twin on a busy machine may be late; what is measured are the gaps, so they must not end the run.
        setup = DynamixelConfig(port=str(twin.port), stale_after=PATIENCE)
        makers: dict[str, Callable[[], JointDriver]] = {
            "dynamixel": lambda: DynamixelDriver(setup, CLOCK),
            "busy-wait": lambda: DynamixelDriver(setup, CLOCK, make_port=lambda setup: BusyPort(setup.port)),
        }
        for name, make_driver in makers.items():
            if options.only in (None, name):
                run(name, make_driver(), joint, hz=options.hz, seconds=options.seconds)
        if options.only in (None, "ros"):
            with ros(str(twin.port)) as make_driver:
                run("ros", connected(make_driver), joint, hz=options.hz, seconds=options.seconds)


if __name__ == "__main__":
    main()
