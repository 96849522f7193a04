"""A person as a policy: nothing stale ever moves the arm, and the gripper keeps what it was told."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.errors import ArmStopped, ConfigError
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec
from clam_robot.interfaces import Policy, Subscriber
from clam_robot.specs import GripperSpec, RobotSpec, VectorSpec
from clam_robot.testing.contracts import PolicyContract
from clam_robot.testing.fakes import FakeRobot
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeStart, Observation
from sim.metaworld_robot import MetaWorldConfig, MetaWorldRobot
from teleop.device import AT_REST, Event, Fingers, Motion, silent
from teleop.mapping import MappingConfig
from teleop.scripted import ScriptedDevice, ScriptRow
from teleop.teleop_policy import TeleopPolicy
from tests.teleop.fake_device import FakeDevice

WIDOWX = widowx_spec(ActionConfig(), name="widowx")
FORWARDS = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
STEP = 0.015  # of full speed in a control period [m]


def observe(spec: RobotSpec = WIDOWX, *, opening: float = 1.0) -> Observation:
    state = np.zeros(len(spec.state), np.float32)
    if "gripper_opening" in spec.state.names:
        state[spec.state.index("gripper_opening")] = opening
    return Observation(time=0.0, state=state)


class Person:
    """A policy and its device, at the beginning of an episode."""

    def __init__(
        self, spec: RobotSpec = WIDOWX, *, latch: StopLatch | None = None, motion: Motion | None = None
    ) -> None:
        self.device, self.events = FakeDevice(motion), list[Event]()
        self.device.open()
        self.policy = TeleopPolicy(self.device, spec, latch=latch, on_event=self.events.append)
        self.policy.reset()

    def act(self, motion: Motion, observation: Observation | None = None) -> np.ndarray:
        self.device.motion = motion
        return self.policy.infer(observation or observe(self.policy.spec)).actions[0]


@pytest.fixture
def person() -> Person:
    person = Person()
    person.act(Motion())
    return person


class TestTeleopPolicy(PolicyContract):
    def make_policy(self) -> Policy:
        return Person().policy


def test_it_hears_what_became_of_its_actions() -> None:
    assert isinstance(Person().policy, Subscriber)


def test_forwards_moves_the_hand_along_x(person: Person) -> None:
    np.testing.assert_allclose(person.act(Motion(twist=FORWARDS)), [STEP, 0, 0, 0, 0, 0, 1], atol=1e-7)
    assert person.policy.status.is_moving
    np.testing.assert_allclose(person.act(Motion(twist=FORWARDS, speed=0.5))[0], 0.5 * STEP, atol=1e-7)


def test_forwards_is_along_y_for_metaworlds_arm() -> None:
    person = Person(MetaWorldRobot(MetaWorldConfig(), ManualClock()).spec)
    person.act(Motion())
    action = person.act(Motion(twist=(1.0, 0.0, 0.0, 1.0, 1.0, 1.0)))
    np.testing.assert_allclose(action, [0.0, 0.15 / 0.8, 0.0, -1.0], atol=1e-6)
    np.testing.assert_allclose(person.act(Motion(gripper=Fingers.CLOSE)), [0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    "silence",
    [silent("unplugged"), Motion(twist=FORWARDS, clutch=False), Motion(twist=FORWARDS, is_alive=False)],
)
def test_without_the_person_the_hand_rests_and_the_gripper_stays(person: Person, silence: Motion) -> None:
    person.act(Motion(twist=FORWARDS, gripper=Fingers.CLOSE))
    for motion in (silence, dataclasses.replace(silence, gripper=Fingers.OPEN), silence):
        np.testing.assert_array_equal(person.act(motion), np.zeros(7, np.float32))
        assert not person.policy.status.is_moving


def test_after_a_silence_the_device_must_be_let_go_of_once(person: Person) -> None:
    person.act(silent("unplugged"))
    for _ in range(3):
        assert not person.act(Motion(twist=FORWARDS))[:6].any()
        assert "let go" in person.policy.status.note
    person.act(Motion())
    assert person.act(Motion(twist=FORWARDS))[0] == pytest.approx(STEP)


def test_what_is_pushed_when_the_episode_begins_moves_nothing() -> None:
    person = Person(motion=Motion(twist=FORWARDS))
    assert not person.act(Motion(twist=FORWARDS))[:6].any()
    assert not person.act(Motion(twist=FORWARDS, gripper=Fingers.CLOSE))[:6].any()
    assert person.act(Motion())[6] == 1.0


def test_an_open_clutch_counts_as_let_go_of() -> None:
    person = Person(motion=Motion(twist=FORWARDS))
    person.act(Motion(twist=FORWARDS, clutch=False))
    assert person.act(Motion(twist=FORWARDS))[0] > 0


@given(st.lists(st.sampled_from([Motion(), Motion(twist=FORWARDS), silent("lost"), Motion(clutch=False)]), max_size=30))
def test_motion_only_ever_follows_motion(motions: list[Motion]) -> None:
    person = Person(motion=Motion(twist=FORWARDS))
    was_let_go_of = False
    for motion in motions:
        was_let_go_of = motion.is_alive and (was_let_go_of or not motion.clutch or motion.twist == AT_REST)
        moves = bool(person.act(motion)[:6].any())
        assert moves == (was_let_go_of and motion.clutch and motion.twist != AT_REST)


@pytest.mark.parametrize(("measured", "kept"), [(0.9, 1.0), (0.1, 0.0)])
def test_the_gripper_begins_as_it_is_found(measured: float, kept: float) -> None:
    assert Person().act(Motion(), observe(opening=measured))[6] == kept


def test_a_continuous_gripper_goes_to_an_opening() -> None:
    person = Person(widowx_spec(ActionConfig(gripper="continuous"), name="widowx"))
    assert person.act(Motion(), observe(opening=0.6))[6] == pytest.approx(0.6)
    assert person.act(Motion(gripper=0.3))[6] == pytest.approx(0.3)
    assert person.act(Motion())[6] == pytest.approx(0.3)
    assert person.policy.status.opening == pytest.approx(0.3)


def test_a_stop_of_the_device_stops_the_arm_until_it_is_cleared() -> None:
    latch = StopLatch()
    person = Person(latch=latch)
    with pytest.raises(ArmStopped, match="by who drives it"):
        person.act(Motion(events=(Event.STOP,)))
    with pytest.raises(ArmStopped):
        person.act(Motion())
    latch.clear()
    person.act(Motion())


def test_a_stop_is_heard_when_an_episode_begins_and_older_wishes_are_not() -> None:
    latch = StopLatch()
    person = Person(latch=latch)
    person.device.motion = Motion(events=(Event.REDO, Event.STOP, Event.KEEP), gripper=Fingers.CLOSE)
    person.policy.reset()
    assert latch.cause is not None
    latch.clear()
    assert person.act(Motion())[6] == 1.0
    assert person.events == [Event.STOP]


def test_events_are_passed_on(person: Person) -> None:
    person.act(Motion(events=(Event.START, Event.SUCCESS)))
    assert person.events == [Event.START, Event.SUCCESS]


def test_joints_without_a_follower_are_refused(person: Person) -> None:
    with pytest.raises(ConfigError, match="follower"):
        person.act(Motion(joints=(0.0,) * 6))


def fake_hand() -> RobotSpec:
    names = ("hand_x", "hand_y", "hand_z", "goal_x", "goal_y", "goal_z")
    return RobotSpec(
        name="fake:hand",
        state=VectorSpec(names=names, units=("m",) * 6, low=(-10.0,) * 6, high=(10.0,) * 6),
        action=VectorSpec(
            names=("dx", "dy", "dz", "gripper"),
            units=("m", "m", "m", "1"),
            low=(-0.05, -0.05, -0.05, 0.0),
            high=(0.05, 0.05, 0.05, 1.0),
        ),
        control_hz=10.0,
        gripper=GripperSpec(action="gripper", mode="binary", closes="below", threshold=0.5),
    )


class HandRobot(FakeRobot):
    """Adds up the steps."""

    def send_action(self, action: np.ndarray) -> np.ndarray:
        sent = self.spec.action.clip(action, what="action")
        self._live_state()[:3] += sent[:3]
        self._advance()
        self.sent.append(sent)
        return sent


def test_a_script_draws_a_square_through_the_control_loop() -> None:
    clock, spec = ManualClock(), fake_hand()
    sides = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]
    rows = [ScriptRow(seconds=1.0, twist=(x, y, 0.0, 0.0, 0.0, 0.0)) for x, y in sides]
    device, ends = ScriptedDevice(rows, clock), list[Event]()
    policy = TeleopPolicy(device, spec, MappingConfig(translation_speed=0.2), on_event=ends.append)
    robot = HandRobot(clock, spec, horizon=1000)
    robot.connect()
    device.open()
    loop = ControlLoop(
        robot,
        policy,
        clock=clock,
        subscribers=[policy],
        config=LoopConfig(max_steps=100),
        ask_end=lambda: str(ends[-1]) if ends else None,
    )
    outcome = loop.run_episode(EpisodeStart(spec=spec, task="", source="teleop", seed=0))
    assert outcome.end == "quit"
    assert outcome.num_held == 0
    path = np.cumsum([action[:2] for action in robot.sent], axis=0)
    np.testing.assert_allclose(path.max(axis=0), [0.2, 0.2], atol=1e-5)
    np.testing.assert_allclose(path[-1], [0.0, 0.0], atol=1e-5)
