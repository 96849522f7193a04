"""The thread keeps the arm safe when drivers, people and policies do not."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from clam_robot.errors import ArmStopped, ClamRobotError, RobotError, StaleObservation
from clam_robot.hardware.arm_controller import ArmConfig, ArmController
from clam_robot.hardware.control_table import HardwareError
from clam_robot.hardware.gripper import GripperConfig
from clam_robot.hardware.health_watch import HealthWatch
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.safety_rules import Reason, SafetyLimits
from clam_robot.hardware.sag import SagConfig
from clam_robot.hardware.servo_thread import Leg, ServoThread
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.hardware.widowx import RAISED, START
from clam_robot.hardware.wx250s import SLEEP
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import MonotonicClock

FORWARD = np.array([0.02, 0, 0, 0, 0, 0, 0], np.float32)
PATIENCE = 20.0  # for a machine that stalls [s]


class LeapingClock(MonotonicClock):
    """Real time, with moments in which a whole program stood still."""

    def __init__(self) -> None:
        self._leapt = 0.0

    def now(self) -> float:
        return super().now() + self._leapt

    def sleep_until(self, deadline: float) -> None:
        super().sleep_until(deadline - self._leapt)

    def leap(self, seconds: float) -> None:
        self._leapt += seconds


class WatchedDriver(FakeDriver):
    """Something may happen while the servo thread reads the joints, when nobody else can look."""

    meanwhile: Callable[[], object] | None = None

    def read(self) -> JointState:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().read()


class Rig:
    """A servo thread over perfect joints."""

    def __init__(
        self, position: tuple[float, ...] = START, park_after: float | None = None, action_age: float = 0.15
    ) -> None:
        self.clock = clock = LeapingClock()
        self.driver = WatchedDriver(clock, position)
        self.driver.connect()
        self.driver.prepare(profile_velocity=40, profile_acceleration=10)
        self.latch = StopLatch()
        stiff = SagConfig(stiffness=(1e6,) * 6)  # joints that nothing bends
        controller = ArmController(ArmConfig(sag=stiff), period=0.1)
        controller.start(self.driver.read())
        self.thread = ServoThread(
            self.driver,
            controller,
            clock,
            hz=50.0,
            limits=SafetyLimits(),
            latch=self.latch,
            action_age=action_age,
            park_after=park_after,
            park_way=(Leg(position=np.array(RAISED)), Leg(position=np.array(SLEEP), is_checked=False)),
            park_velocity=1.2,
        )
        self.thread.start()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def wait_for_turns(rig: Rig, num_turns: int = 5) -> None:
    """Some more set-points."""
    sent = len(rig.driver.goals)
    wait_until(lambda: len(rig.driver.goals) > sent + num_turns)


def is_at_rest(rig: Rig) -> bool:
    """Whether the last set-points are all the same."""
    goals = list(rig.driver.goals)[-5:]
    return len(goals) == 5 and all(np.array_equal(goal, goals[0]) for goal in goals)


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.driver.is_broken = False
    rig.thread.end()


def test_an_action_moves_the_arm_and_silence_lets_it_come_to_rest(rig: Rig) -> None:
    rig.thread.act(FORWARD)
    wait_until(lambda: len(rig.driver.goals) > 10 and is_at_rest(rig))
    assert not np.allclose(rig.driver.goals[-1], START, atol=1e-3)


def test_an_action_that_has_grown_stale_is_given_up_where_the_arm_is() -> None:
    rig = Rig(action_age=0.06)
    try:
        rig.thread.act(FORWARD)
        wait_until(lambda: len(rig.driver.goals) > 20 and is_at_rest(rig))
        way = tool_pose(rig.driver.goals[-1]).translation - tool_pose(np.array(START)).translation
        assert way[0] < 0.9 * FORWARD[0]
    finally:
        rig.thread.end()


def test_a_stop_latches_until_it_is_cleared(rig: Rig) -> None:
    rig.thread.act(FORWARD)
    rig.latch.stop()
    with pytest.raises(ArmStopped, match=r"stopped.*asked for by a person.*clear the stop"):
        rig.thread.act(FORWARD)
    wait_until(lambda: is_at_rest(rig))
    rig.latch.clear()
    rig.thread.act(FORWARD)


def test_only_the_first_cause_of_a_stop_is_kept(rig: Rig) -> None:
    rig.latch.stop(Reason.OVERLOAD, "elbow")
    rig.latch.stop(Reason.STALE_STATE, "joints")
    assert rig.latch.cause is not None and rig.latch.cause.reason is Reason.OVERLOAD


def test_silent_joints_stop_the_arm(rig: Rig) -> None:
    rig.driver.is_silent = True
    wait_until(lambda: rig.latch.cause is not None)
    assert rig.latch.cause is not None and rig.latch.cause.reason is Reason.STALE_STATE
    with pytest.raises(ClamRobotError):
        rig.thread.act(FORWARD)


def test_joints_that_neither_heard_nor_answered_for_a_moment_stay_where_they_are() -> None:
    rig = Rig(action_age=PATIENCE)

    def away() -> float:
        return float(np.abs(rig.driver.goals[-1] - START).max())

    try:
        rig.driver.is_stuck = True
        rig.thread.act(FORWARD)
        wait_until(lambda: away() > 0.04)
        rig.driver.is_silent = True
        wait_for_turns(rig, 20)
        assert away() > 0.04
        rig.driver.is_silent = False
        wait_for_turns(rig, 30)
        assert away() < 0.005  # it leans where it is
    finally:
        rig.thread.end()


def test_a_program_that_stood_still_stops_the_arm_until_a_person_has_looked(rig: Rig) -> None:
    rig.clock.leap(5.0)
    wait_until(lambda: rig.latch.cause is not None)
    assert str(rig.latch.cause).startswith("stale_state: this program stood still for 5.")
    with pytest.raises(ArmStopped):
        rig.thread.act(FORWARD)


def test_what_was_cleared_while_a_program_stood_still_stays_stopped(rig: Rig) -> None:
    rig.clock.leap(5.0)
    wait_until(lambda: rig.latch.cause is not None)
    rig.latch.clear()  # asked for a while ago, heard now
    wait_until(lambda: rig.latch.cause is not None)
    assert str(rig.latch.cause).startswith("stale_state: this program stood still for 5.")
    wait_for_turns(rig, 30)
    rig.latch.clear()  # by somebody who has seen it
    wait_for_turns(rig)
    assert rig.latch.cause is None


def test_a_standstill_is_noticed_by_whoever_takes_over_first(rig: Rig) -> None:
    def heard_before_the_next_turn() -> None:
        rig.clock.leap(5.0)
        rig.thread.take_over(lambda: None)

    rig.driver.meanwhile = heard_before_the_next_turn
    wait_until(lambda: rig.latch.cause is not None)


def test_servos_that_take_long_to_prepare_are_no_standstill(rig: Rig) -> None:
    rig.thread.take_over(lambda: rig.clock.leap(5.0))
    wait_for_turns(rig)
    assert rig.latch.cause is None


def test_a_joint_that_does_not_follow_stops_the_arm_where_it_is(rig: Rig) -> None:
    rig.driver.is_stuck = True
    with pytest.raises(ArmStopped, match=r"tracking: \w+ is at"):
        rig.thread.go([Leg(position=np.array(RAISED))], velocity=1.2, timeout=PATIENCE)
    wait_until(lambda: is_at_rest(rig))
    np.testing.assert_allclose(rig.driver.goals[-1], START, atol=1e-3)


def test_an_overload_that_lasts_stops_the_arm(rig: Rig) -> None:
    rig.driver.effort = np.array([0, 3000.0, 0, 0, 0, 0])
    wait_until(lambda: rig.latch.cause is not None)
    assert rig.latch.cause is not None and str(rig.latch.cause).startswith("overload: shoulder pushes with 3000")


def test_a_broken_driver_stops_the_arm_and_the_thread_lives_on(rig: Rig) -> None:
    rig.driver.is_broken = True
    wait_until(lambda: rig.latch.cause is not None)
    assert rig.latch.cause is not None and rig.latch.cause.reason is Reason.DRIVER
    assert rig.thread.is_alive
    rig.driver.is_broken = False
    rig.latch.clear()
    rig.thread.act(FORWARD)


def test_a_way_is_followed_to_its_end(rig: Rig) -> None:
    rig.thread.go([Leg(position=np.array(RAISED))], velocity=1.2, timeout=PATIENCE)
    wait_until(lambda: np.allclose(rig.driver.goals[-1], RAISED, atol=1e-3))


def test_a_blocked_way_stops_the_arm_before_it_moves(rig: Rig) -> None:
    with pytest.raises(ArmStopped, match="blocked"):
        rig.thread.go([Leg(position=np.array([0.0, 1.2, 0.6, 0, 0.5, 0]))], velocity=1.2, timeout=PATIENCE)
    np.testing.assert_allclose(rig.driver.goals[-1], START, atol=1e-3)


def test_a_hold_ends_a_way(rig: Rig) -> None:
    timer = threading.Timer(0.3, rig.thread.hold)
    timer.start()
    with pytest.raises(RobotError, match="hold before it had arrived"):
        rig.thread.go([Leg(position=np.array(RAISED))], velocity=0.3, timeout=PATIENCE)
    timer.join()


def test_an_arm_that_was_stopped_on_its_way_has_not_arrived_however_soon_that_was_cleared(rig: Rig) -> None:
    def stop_and_clear() -> None:
        rig.latch.stop()
        rig.latch.clear()

    timer = threading.Timer(0.3, setattr, [rig.driver, "meanwhile", stop_and_clear])
    timer.start()
    with pytest.raises(ArmStopped, match="stopped on the way"):
        rig.thread.go([Leg(position=np.array(RAISED))], velocity=0.3, timeout=PATIENCE)
    timer.join()


def test_long_silence_parks_the_arm_and_actions_need_a_reset() -> None:
    rig = Rig(park_after=0.2)
    try:
        wait_until(lambda: bool(rig.driver.goals) and np.allclose(rig.driver.goals[-1], SLEEP, atol=1e-3))
        assert rig.driver.is_torque_on
        with pytest.raises(RobotError, match="went to its rest"):
            rig.thread.act(FORWARD)
    finally:
        rig.thread.end()


def test_an_arm_that_was_long_on_its_way_does_not_go_to_its_rest_when_it_arrives() -> None:
    rig = Rig(park_after=5.0)
    num_leaps = 0

    def take_long() -> None:
        nonlocal num_leaps
        num_leaps += 1
        rig.clock.leap(0.5)
        rig.driver.meanwhile = take_long if num_leaps < 14 else None

    try:
        rig.driver.meanwhile = take_long
        rig.thread.go([Leg(position=np.array(RAISED))], velocity=1.2, timeout=3 * PATIENCE)
        wait_for_turns(rig)
        rig.thread.act(FORWARD)
    finally:
        rig.thread.end()


def test_an_arm_that_was_stopped_for_long_does_not_go_to_its_rest_when_it_is_cleared() -> None:
    rig = Rig(park_after=60.0)
    try:
        rig.latch.stop()
        rig.clock.leap(300.0)
        wait_for_turns(rig, 30)
        rig.latch.clear()
        wait_for_turns(rig)
        np.testing.assert_allclose(rig.driver.goals[-1], START, atol=1e-3)
        rig.thread.act(FORWARD)
    finally:
        rig.thread.end()


def test_health_watch_stops_the_arm_for_a_servo_in_error(rig: Rig) -> None:
    watch = HealthWatch(rig.driver, limits=SafetyLimits(), profile_velocity=40, latch=rig.latch, period=0.02)
    watch.start()
    try:
        rig.driver.errors["shoulder"] = HardwareError.OVERLOAD | HardwareError.OVERHEATING
        wait_until(lambda: rig.latch.cause is not None)
        assert rig.latch.cause is not None and rig.latch.cause.reason is Reason.SERVO_ERROR
        assert "shoulder reports" in rig.latch.cause.detail
    finally:
        watch.end()


def test_joints_that_come_late_are_waited_for(rig: Rig) -> None:
    rig.driver.is_stuck = True
    threading.Timer(0.5, setattr, (rig.driver, "is_stuck", False)).start()
    state = rig.thread.act_and_wait(0.25 * FORWARD, within=0.005, settle=0.1, patience=PATIENCE)
    np.testing.assert_allclose(state.position, rig.driver.goals[-1], atol=0.005)
    assert not np.allclose(state.position, START, atol=0.005)


def test_joints_that_never_come_are_read_where_they_are(rig: Rig) -> None:
    rig.driver.is_stuck = True
    state = rig.thread.act_and_wait(0.25 * FORWARD, within=0.005, settle=0.1, patience=0.5)
    np.testing.assert_allclose(state.position, START, atol=1e-3)


def test_a_move_that_is_held_up_is_finished(rig: Rig) -> None:
    action = 0.5 * FORWARD
    threading.Timer(0.05, rig.thread.hold).start()
    state = rig.thread.act_and_wait(action, within=0.005, settle=0.1, patience=PATIENCE)
    moved = tool_pose(state.position).translation - tool_pose(np.array(START)).translation
    np.testing.assert_allclose(moved, action[:3], atol=1e-3)


def test_a_moment_without_a_state_is_waited_for(rig: Rig) -> None:
    rig.driver.read()
    rig.driver.is_silent = True
    with pytest.raises(StaleObservation):
        rig.thread.act(FORWARD)
    threading.Timer(0.1, setattr, (rig.driver, "is_silent", False)).start()
    state = rig.thread.act_and_wait(0.25 * FORWARD, within=0.005, settle=0.1, patience=PATIENCE)
    assert not np.allclose(state.position, START, atol=0.005)


def test_a_gripper_that_is_left_alone_pushes_no_harder_than_to_hold(rig: Rig) -> None:
    rig.thread.act(np.array([0, 0, 0, 0, 0, 0, 0], np.float32))  # the fake's fingers never get there
    wait_until(lambda: min(rig.driver.efforts, default=0.0) < -0.3)
    rig.thread.end()
    assert rig.driver.efforts[-1] == -GripperConfig().holding


def test_on_a_way_fingers_open_whatever_holds_it_up(rig: Rig) -> None:
    for is_silent, after in ((True, 0.3), (False, 0.5)):
        threading.Timer(after, setattr, (rig.driver, "is_silent", is_silent)).start()
    rig.thread.go([Leg(position=np.array(RAISED))], velocity=0.3, timeout=PATIENCE, is_opening=True)
    assert rig.driver.efforts[-1] > 0.0  # the fake's fingers never get there


def test_every_new_state_is_handed_over_and_a_listener_that_fails_stops_nothing(rig: Rig) -> None:
    times: list[float] = []
    rig.thread.listen(lambda state: times.append(state.time))
    wait_until(lambda: len(times) >= 5)
    assert (np.diff(times[:5]) > 0).all()
    calls: list[float] = []

    def fail(state: JointState) -> None:
        calls.append(state.time)
        raise ValueError("full")

    rig.thread.listen(fail)
    wait_until(lambda: bool(calls))
    rig.thread.listen(lambda state: times.append(state.time))
    before = len(times)
    wait_until(lambda: len(times) > before + 2)
    assert len(calls) == 1
    assert rig.thread.is_alive
