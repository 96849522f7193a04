"""Every fault of the twin while the arm moves: how soon it stops, and what its true joints and links did.

    .venv/bin/python tests/benchmarks/injected_faults.py [--repeats 3]

The arm is driven over its serial port in real time, at full speed in random directions, before and after the fault.
"At rest" is the time from the first set-point refused, or the latched stop, until no joint that has torque moves.
"""

import argparse
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from clam_robot.errors import ClamRobotError
from clam_robot.hardware.dynamixel_driver import DynamixelConfig, DynamixelDriver
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.timing import MonotonicClock
from sim.widowx.twin_client import TwinClient
from sim.widowx.twin_process import TwinProcess

BEFORE, AFTER = 10, 30  # actions
STILL = 0.05  # [rad/s]
# Fault, servo, value; the last three are such as a good cable has now and then.
FAULTS: tuple[tuple[str, str | None, float | None], ...] = (
    ("overload", "elbow", None),
    ("overload", "gripper", None),
    ("reboot", "wrist_angle", None),
    ("reboot", "shoulder", None),
    ("lost", "waist", None),
    ("lost", "gripper", None),
    ("unplug", None, None),
    ("drop", None, 0.5),
    ("corrupt", None, 0.5),
    ("latency", None, 0.1),
    ("drop", None, 0.01),
    ("corrupt", None, 0.01),
    ("latency", None, 0.005),
)


@dataclass
class Findings:
    """Of all repeats of one fault."""

    reasons: Counter[str] = field(default_factory=Counter[str])
    stopped: list[float] = field(default_factory=list[float])
    rest: list[float] = field(default_factory=list[float])
    beyond_limit: float = 0.0
    speed: float = 0.0
    touched: Counter[str] = field(default_factory=Counter[str])
    limp: Counter[str] = field(default_factory=Counter[str])


def drive(robot: WidowX, random: np.random.Generator, count: int) -> None:
    for _ in range(count):
        action = np.append(random.uniform(-1, 1, 6), random.integers(2)) * robot.spec.action.high_array
        with suppress(ClamRobotError):
            robot.send_action(action.astype(np.float32))
        time.sleep(1.0 / robot.spec.control_hz)
        if robot.latch.cause is not None:
            return


def await_rest(truth: TwinClient) -> float:
    begun = time.monotonic()
    while time.monotonic() < begun + 5.0:
        state = truth.state()
        moving = [abs(v) for v, on in zip(state.velocity, np.array(state.torque_on)[LEADERS], strict=True) if on]
        if max(moving, default=0.0) < STILL:
            break
    return time.monotonic() - begun


LEADERS = [0, 1, 3, 5, 6, 7]  # of the nine servos


def try_once(
    twin: TwinProcess, fault: tuple[str, str | None, float | None], found: Findings, random: np.random.Generator
) -> None:
    clock = MonotonicClock()
    with twin.client() as truth:
        truth.reset()
        while not twin.port.exists():  # plugged in again
            time.sleep(0.01)
        robot = WidowX(
            DynamixelDriver(DynamixelConfig(port=str(twin.port)), clock), clock, WidowXConfig(self_test=None)
        )
        robot.connect()
        try:
            robot.reset(0)
            drive(robot, random, BEFORE)
            truth.trace()
            truth.fault(*fault)
            begun = time.monotonic()
            drive(robot, random, AFTER)
            if robot.latch.cause is not None:
                found.stopped.append(time.monotonic() - begun)
            found.reasons[str(robot.latch.cause.reason) if robot.latch.cause else "went on"] += 1
            found.rest.append(await_rest(truth))
            report, _ = truth.trace()
            state = truth.state()
        finally:
            truth.fault("clear")
            with suppress(ClamRobotError):
                robot.disconnect()
    found.beyond_limit = max(found.beyond_limit, *report.beyond_limit)
    found.speed = max(found.speed, *report.max_speed)
    names = [*JOINT_NAMES]
    found.limp.update(name for name, i in zip(names, LEADERS, strict=True) if not state.torque_on[i])
    found.touched.update(" on ".join(each.geoms) for each in report.collisions if each.kind != "object")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    with TemporaryDirectory() as folder, TwinProcess(link=Path(folder) / "ttyDXL") as twin:
        for fault in FAULTS:
            found = Findings()
            for _ in range(options.repeats):
                try_once(twin, fault, found, random)
            name, servo, value = fault
            stopped = f"latched after {max(found.stopped):.2f} s at most, " if found.stopped else ""
            print(
                f"{name} {servo or ''}{'' if value is None else value}: {dict(found.reasons)}; {stopped}"
                f"at rest {max(found.rest):.2f} s later; beyond limits {found.beyond_limit:.4f} rad, "
                f"fastest {found.speed:.2f} rad/s; limp {sorted(found.limp)}; touched {dict(found.touched)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
