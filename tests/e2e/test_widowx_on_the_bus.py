"""The WidowX over a serial port: emulated servos in their own process, real time, and faults while it moves."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from clam_robot.errors import ArmStopped, ClamRobotError
from clam_robot.hardware.dynamixel_driver import DynamixelConfig, DynamixelDriver
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.widowx import WidowX
from clam_robot.hardware.wx250s import SLEEP
from clam_robot.timing import MonotonicClock
from sim.rollouts import run_rollouts
from sim.widowx.twin_bench import TwinBench
from sim.widowx.twin_client import TwinClient
from sim.widowx.twin_process import TwinProcess
from sim.widowx_experts import expert_policy

# One at a time: the arm needs its share of the machine.
pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.xdist_group("arm")]

TASK = "reach-block"
PATIENCE = 30.0  # [s]
GRAZE = 1e-3  # [m]
SIDEWAYS = np.array([0, 0.02, 0, 0, 0, 0, 1], np.float32)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess(task=TASK, link=tmp_path_factory.mktemp("twin") / "ttyDXL") as twin:
        yield twin


@pytest.fixture
def truth(twin: TwinProcess) -> Iterator[TwinClient]:
    with twin.client() as truth:
        yield truth
        truth.fault("clear")


@pytest.fixture
def arm(twin: TwinProcess, truth: TwinClient) -> Iterator[WidowX]:
    truth.reset()
    wait_until(twin.port.exists)  # plugged in again
    clock = MonotonicClock()
    bench = TwinBench(twin.address, task=TASK, clock=clock)
    # The twin shares the machine with whatever else runs there, and answers late at times; what a servo does not.
    setup = DynamixelConfig(port=str(twin.port), reply_timeout=0.25, stale_after=0.5)
    robot = WidowX(DynamixelDriver(setup, clock), clock, bench=bench)
    robot.connect()
    yield robot
    robot.disconnect()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_it_tests_itself_does_its_task_and_goes_back_to_its_rest(arm: WidowX, truth: TwinClient) -> None:
    expert = expert_policy(arm.spec, TASK, noise=0.05, seed=0)
    truth.trace()
    # A machine that is busy with other things may spoil an episode, but not three.
    outcomes = (run_rollouts(arm, expert, MonotonicClock(), [seed], steps_after_success=0)[0] for seed in (3, 4, 5))
    outcome = next((each for each in outcomes if each.success), None)
    arm.park()
    report, _ = truth.trace()
    assert outcome is not None and outcome.episode_return == 1.0
    assert max(report.beyond_limit) == 0.0
    # It leans on its cradle while it rests; else it may touch what can be moved. Fingers that grasp what lies on the
    # table keep 3 mm from it in what is planned, which an arm that sags and lags may use up: a pad may graze it.
    touched = [each for each in report.collisions if each.kind != "object" and "cradle" not in each.geoms[1]]
    assert [each for each in touched if "pad" not in each.geoms[0] or each.depth > GRAZE] == []
    state = truth.state()
    np.testing.assert_allclose(state.position, SLEEP, atol=0.05)
    assert all(state.torque_on)


@pytest.mark.parametrize(
    ("fault", "servo", "reasons"),
    [
        ("overload", "elbow", {Reason.SERVO_ERROR, Reason.TORQUE_OFF, Reason.TRACKING, Reason.DRIVER}),
        ("reboot", "wrist_angle", {Reason.TORQUE_OFF, Reason.SPEED_LIMIT, Reason.TRACKING, Reason.DRIVER}),
        ("lost", "waist", {Reason.STALE_STATE, Reason.DRIVER}),
        ("unplug", None, {Reason.LOST}),
    ],
)
def test_a_fault_while_it_moves_stops_the_arm_and_is_named(
    arm: WidowX, truth: TwinClient, fault: str, servo: str | None, reasons: set[Reason]
) -> None:
    arm.reset(0)
    for sign in (1, -1):
        arm.send_action(sign * SIDEWAYS)
        time.sleep(0.1)
    truth.fault(fault, servo)
    wait_until(lambda: arm.latch.cause is not None)
    assert arm.latch.cause is not None and arm.latch.cause.reason in reasons
    with pytest.raises((ArmStopped, ClamRobotError)):
        arm.send_action(SIDEWAYS)
    wait_until(lambda: max(np.abs(truth.state().velocity)) < 0.05)
    truth.fault("clear")


def test_after_a_stop_a_person_clears_it_goes_on(arm: WidowX, truth: TwinClient) -> None:
    arm.reset(0)
    truth.fault("reboot", "wrist_angle")
    wait_until(lambda: arm.latch.cause is not None)
    deadline = time.monotonic() + PATIENCE
    while True:  # the servo is back after a moment; until then the stop is latched again
        arm.latch.clear()
        try:
            arm.recover()
        except ClamRobotError:
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.2)
        else:
            break
    assert all(truth.state().torque_on)
    arm.reset(0)
    arm.send_action(SIDEWAYS)
