"""What is believed of a phone, on a clock of our own."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ConfigError
from clam_robot.timing import ManualClock
from teleop.device import AT_REST, Event, Fingers, Motion, Twist
from teleop.phone_config import PhoneConfig
from teleop.phone_link import PhoneLink, eased
from teleop.phone_message import parse_message
from teleop.testing import require_valid

FORWARDS = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
MAX_AGE = 0.25


class Driver:
    """A phone whose packets a test delays, reorders and loses."""

    def __init__(self, *, rise: float = 0.0) -> None:
        self.clock = ManualClock(100.0)
        self.link = PhoneLink(PhoneConfig(max_age=MAX_AGE, rise=rise), self.clock)
        phone = self.link.connect()
        assert phone is not None
        self.phone, self.number = phone, 0

    def tick(self) -> int:
        tick = self.link.tick(self.phone)
        assert tick is not None
        return tick

    def packet(self, **fields: object) -> str:
        """A message that says what the hands do now."""
        self.number += 1
        return json.dumps({"number": self.number, "seen": self.tick(), "clutch": True, **fields})

    def say(self, **fields: object) -> Motion:
        self.link.hear(self.phone, self.packet(**fields))
        return self.link.motion()


def test_a_silent_phone_rests_when_its_last_word_is_too_old() -> None:
    driver = Driver()
    assert driver.say(twist=FORWARDS).twist == (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    driver.clock.advance(MAX_AGE - 0.001)
    assert driver.link.motion().twist != AT_REST
    driver.clock.advance(0.002)
    motion = driver.link.motion()
    assert motion.twist == AT_REST and not motion.is_alive and "old" in motion.note


def test_a_packet_that_travelled_too_long_moves_nothing_and_what_it_says_is_not_done() -> None:
    driver = Driver()
    driver.say()
    late = driver.packet(twist=FORWARDS, events=["start"], gripper="close")
    for _ in range(5):
        driver.clock.advance(MAX_AGE / 4)
        driver.say()
    driver.number += 1
    driver.link.hear(driver.phone, json.dumps({**json.loads(late), "number": driver.number}))
    motion = driver.link.motion()
    assert (motion.twist, motion.events, motion.gripper) == (AT_REST, (), None)
    assert driver.link.num_late == 1


def test_a_connection_as_slow_as_a_bad_network_never_moves_the_robot() -> None:
    driver = Driver()
    for _ in range(20):
        packet = driver.packet(twist=FORWARDS)
        driver.clock.advance(0.3)
        driver.link.hear(driver.phone, packet)
        assert not driver.link.motion().is_alive


def test_a_stop_counts_however_late_and_out_of_order() -> None:
    driver = Driver()
    stop = driver.packet(events=["start", "stop"])
    driver.clock.advance(10.0)
    driver.link.hear(driver.phone, stop)
    assert driver.link.motion().events == (Event.STOP,)
    driver.say()
    driver.link.hear(driver.phone, stop)
    assert driver.link.motion().events == (Event.STOP,)


def test_packets_out_of_order_and_twice_are_dropped() -> None:
    driver = Driver()
    first, second = driver.packet(twist=FORWARDS, events=["start"]), driver.packet()
    for packet in (second, first, second):
        driver.link.hear(driver.phone, packet)
    motion = driver.link.motion()
    assert motion.twist == AT_REST and motion.events == ()
    assert driver.link.num_refused == 2


@pytest.mark.parametrize("seen", [0, -1, 2, 10**30])
def test_ticks_that_were_never_sent_prove_nothing(seen: int) -> None:
    driver = Driver()
    driver.tick()
    driver.link.hear(driver.phone, json.dumps({"number": 1, "seen": seen, "twist": FORWARDS, "clutch": True}))
    assert not driver.link.motion().is_alive


def test_a_phone_that_is_gone_is_not_alive_and_what_it_had_said_is_still_given_out() -> None:
    driver = Driver()
    driver.link.hear(driver.phone, driver.packet(twist=FORWARDS, events=["keep"]))
    driver.link.disconnect(driver.phone)
    motion = driver.link.motion()
    assert not motion.is_alive and motion.twist == AT_REST and motion.events == (Event.KEEP,)


def test_another_phone_waits_until_the_first_one_is_silent_for_long_and_the_first_one_is_then_nobody() -> None:
    driver = Driver()
    driver.say()
    assert driver.link.connect() is None
    driver.clock.advance(3.0)
    second = driver.link.connect()
    assert second is not None
    assert driver.link.tick(driver.phone) is None
    driver.link.hear(driver.phone, json.dumps({"number": 99, "seen": 1, "twist": FORWARDS, "clutch": True}))
    driver.link.disconnect(driver.phone)
    assert driver.link.tick(second) == 1
    driver.link.hear(second, json.dumps({"number": 1, "seen": 1}))
    assert driver.link.motion() == Motion(clutch=False)


def test_a_motion_grows_within_its_time_and_ends_at_once() -> None:
    driver = Driver(rise=0.2)
    driver.say(twist=AT_REST)
    found: list[float] = []
    for _ in range(5):
        driver.clock.advance(0.05)
        found.append(driver.say(twist=FORWARDS).twist[0])
    assert found == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    driver.clock.advance(0.01)
    assert driver.say(twist=[0.3, *AT_REST[1:]]).twist[0] == 0.3
    assert driver.say(twist=FORWARDS, clutch=False).twist == AT_REST


def test_after_a_silence_a_motion_grows_from_rest_again() -> None:
    driver = Driver(rise=0.2)
    for _ in range(10):
        driver.clock.advance(0.05)
        driver.say(twist=FORWARDS)
    driver.clock.advance(1.0)
    assert not driver.link.motion().is_alive
    driver.clock.advance(0.05)
    assert driver.say(twist=FORWARDS).twist[0] == pytest.approx(0.25)


def test_the_fingers_are_told_once_and_two_toggles_are_none() -> None:
    driver = Driver()
    assert driver.say(gripper="toggle").gripper is Fingers.TOGGLE
    assert driver.link.motion().gripper is None
    driver.link.hear(driver.phone, driver.packet(gripper="toggle"))
    assert driver.say(gripper="toggle").gripper is None


def test_a_tracked_pose_moves_while_the_clutch_is_held() -> None:
    driver = Driver()

    def pose(time: float, forwards: float) -> dict[str, Any]:
        return {"time": time, "position": [0, 1, -forwards], "rotation": [0, 0, 0, 1], "heading": 0.0}

    assert driver.say(pose=pose(0.0, 0.0)).twist == AT_REST
    assert driver.say(pose=pose(0.05, 0.0075)).twist == pytest.approx((0.5, 0, 0, 0, 0, 0))
    assert driver.say(pose=pose(0.1, 0.015), clutch=False).twist == AT_REST
    assert driver.say(pose=pose(9.0, 1.0)).twist == AT_REST  # from where the clutch was closed


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_FIELDS = ("number", "seen", "twist", "clutch", "speed", "gripper", "events", "pose")


@given(st.binary(max_size=200) | st.text(max_size=200) | _JSON.map(json.dumps))
def test_whatever_is_no_message_never_moves_and_never_raises(text: str | bytes) -> None:
    driver = Driver()
    driver.tick()
    driver.link.hear(driver.phone, text)
    motion = driver.link.motion()
    require_valid(motion)
    assert motion.twist == AT_REST and motion.events == ()


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=4))
def test_a_message_with_a_field_of_anything_is_taken_as_it_may_be_or_not_at_all(fields: dict[str, Any]) -> None:
    driver = Driver()
    base = {"number": 1, "seen": driver.tick(), "twist": FORWARDS, "clutch": True}
    driver.link.hear(driver.phone, json.dumps({**base, **fields}))
    motion = driver.link.motion()
    require_valid(motion)
    if motion.is_alive and motion.twist != AT_REST:
        # Only booleans, numbers in range and known words got this far.
        assert all(isinstance(each, float) and abs(each) <= 1.0 for each in motion.twist)
        assert fields.get("clutch", True) is True


@pytest.mark.parametrize(
    "fields",
    [
        {"twist": [True, 0, 0, 0, 0, 0]},
        {"twist": ["1", 0, 0, 0, 0, 0]},
        {"twist": [2, 0, 0, 0, 0, 0]},
        {"twist": [float("nan"), 0, 0, 0, 0, 0]},
        {"twist": [1, 0, 0]},
        {"speed": 0},
        {"speed": 1.5},
        {"clutch": 1},
        {"clutch": "true"},
        {"gripper": "shut"},
        {"events": ["fly"]},
        {"events": ["start"] * 17},
        {"wings": 2},
        {"pose": {"time": 0, "position": [0, 0, 1e9], "rotation": [0, 0, 0, 1], "heading": 0}},
        {"pose": {"time": 0, "position": [0, 0, 0], "rotation": [0, 0, 0, 0], "heading": 0}},
        {"pose": {"time": float("inf"), "position": [0, 0, 0], "rotation": [0, 0, 0, 1], "heading": 0}},
    ],
)
def test_messages_that_are_refused(fields: dict[str, Any]) -> None:
    base = {"number": 1, "seen": 1, "twist": FORWARDS, "clutch": True}
    parse_message(json.dumps(base))
    with pytest.raises(ConfigError):
        parse_message(json.dumps({**base, **fields}))


_SHARES = st.tuples(*[st.floats(-1.0, 1.0)] * 6)


@given(_SHARES, _SHARES, st.floats(0.0, 1.0))
def test_easing_never_overshoots_and_never_delays_rest(current: Twist, wanted: Twist, room: float) -> None:
    for before, after, goal in zip(current, eased(current, wanted, room), wanted, strict=True):
        assert abs(after) <= abs(goal) and after * goal >= 0.0
        start = abs(before) if before * goal > 0.0 else 0.0
        assert abs(after) <= start + room + 1e-12 or abs(goal) <= start
        assert abs(after) == pytest.approx(min(abs(goal), start + room)) or abs(goal) <= start
