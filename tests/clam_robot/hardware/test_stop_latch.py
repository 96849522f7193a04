"""What stopped the arm is said once, however often a rule finds it."""

import pytest

from clam_robot.errors import ArmStopped
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.stop_latch import StopLatch


def test_further_causes_are_logged_once_each_until_the_stop_is_cleared(caplog: pytest.LogCaptureFixture) -> None:
    latch = StopLatch()
    for _ in range(2):
        caplog.clear()
        for period in range(50):
            latch.stop(Reason.DRIVER, "the node is gone")
            latch.stop(Reason.STALE_STATE, f"no message for {period} periods")
            latch.stop(Reason.OVERLOAD, "the elbow pushes")
        assert [record.getMessage() for record in caplog.records] == [
            "arm stopped: driver: the node is gone",
            "already stopped, further cause: stale_state: no message for 0 periods",
            "already stopped, further cause: overload: the elbow pushes",
        ]
        assert latch.cause is not None
        assert latch.cause.reason is Reason.DRIVER
        latch.clear()


def test_a_stop_is_remembered_by_who_asks_since_when_though_it_was_cleared() -> None:
    latch = StopLatch()
    begin = latch.num_stops
    latch.require_clear(since=begin)
    latch.stop(Reason.OVERLOAD, "the elbow pushes")
    latch.stop(Reason.DRIVER, "the node is gone")
    latch.clear()
    latch.require_clear()
    with pytest.raises(ArmStopped, match="overload: the elbow pushes"):
        latch.require_clear(since=begin)
    assert latch.num_stops == begin + 1
    latch.require_clear(since=latch.num_stops)


def test_a_person_stops_it_in_words_that_say_so_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING")
    latch = StopLatch()
    latch.stop(detail="a key was pressed")
    with pytest.raises(ArmStopped, match=r"the arm is stopped \(a key was pressed\); look at it"):
        latch.require_clear()
    latch.clear()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["arm stopped: a key was pressed", "stop cleared (a key was pressed)"]
