"""How evenly the control loop and the servo thread run, on an idle machine and beside a busy core.

    .venv/bin/python tests/benchmarks/loop_period.py [--seconds 30]

The arm is the twin's, on its serial port in another process; the loop sends a small motion to and fro. A period's error
is how far the time between two of them is from what it should be.
"""

import argparse
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.hardware.dynamixel_driver import DynamixelConfig, DynamixelDriver
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.timing import Clock, MonotonicClock
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step
from sim.widowx.twin_process import TwinProcess

STEP = 0.01  # [m]


class TimedDriver:
    """Notes when each set-point is sent."""

    def __init__(self, driver: JointDriver, clock: Clock) -> None:
        self._driver, self._clock = driver, clock
        self.times: list[float] = []

    def command(self, position: np.ndarray) -> None:
        self.times.append(self._clock.now())
        self._driver.command(position)

    def __getattr__(self, name: str) -> object:
        return getattr(self._driver, name)


class ToAndFro:
    """A policy that moves sideways and back."""

    def __init__(self, robot: WidowX) -> None:
        self.spec = robot.spec
        self._sign = 1.0

    def reset(self) -> None:
        self._sign = 1.0

    def infer(self, observation: Observation) -> ActionChunk:
        action = np.zeros((1, len(self.spec.action.names)), np.float32)
        action[0, 1], action[0, -1] = STEP * self._sign, 1.0
        self._sign = -self._sign
        return ActionChunk(actions=action, observation_time=observation.time, dt=1.0 / self.spec.control_hz)


class TimedSteps:
    """Notes when each control period ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.times: list[float] = []

    def on_episode_start(self, start: EpisodeStart) -> None:
        self.times.clear()

    def on_step(self, step: Step) -> None:
        self.times.append(self._clock.now())

    def on_episode_end(self, outcome: EpisodeOutcome) -> None: ...


def spin() -> None:
    while True:
        pass


@contextmanager
def busy(cores: int) -> Iterator[None]:
    processes = [multiprocessing.Process(target=spin, daemon=True) for _ in range(cores)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def report(what: str, times: list[float], hz: float) -> None:
    errors = 1e3 * np.abs(np.diff(times) - 1.0 / hz)
    p50, p99 = np.percentile(errors, [50, 99])
    rates = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {errors.max():.1f} ms of {len(errors)}"
    print(f"  {what:<16}{hz:>4.0f} Hz: {rates}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    with TwinProcess() as twin:
        for cores in (0, 1):
            clock = MonotonicClock()
            driver = TimedDriver(DynamixelDriver(DynamixelConfig(port=str(twin.port)), clock), clock)
            robot = WidowX(driver, clock, WidowXConfig(self_test=None))  # type: ignore[arg-type]
            robot.connect()
            steps = TimedSteps(clock)
            limit = LoopConfig(max_steps=int(options.seconds * robot.spec.control_hz))
            loop = ControlLoop(robot, ToAndFro(robot), clock=clock, subscribers=[steps], config=limit)
            with busy(cores):
                loop.run_episode(EpisodeStart(spec=robot.spec, task="", source="policy", seed=0))
            print("nothing else runs" if cores == 0 else "beside a busy core")
            report("control loop", steps.times, robot.spec.control_hz)
            during = [each for each in driver.times if steps.times[0] <= each <= steps.times[-1]]
            report("servo thread", during, 50.0)
            robot.park()
            robot.disconnect()


if __name__ == "__main__":
    main()
