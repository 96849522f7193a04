"""What two motions in a row come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleop.device import Event, Fingers, GripperCommand, Motion, opening_after

COMMANDS = st.none() | st.sampled_from(Fingers) | st.floats(0.0, 1.0)


@given(st.lists(COMMANDS, max_size=6), st.floats(0.0, 1.0))
def test_commands_that_nobody_acted_on_come_to_the_same_as_one_after_the_other(
    commands: list[GripperCommand | None], opening: float
) -> None:
    one_by_one, merged = opening, Motion()
    for command in commands:
        one_by_one = opening_after(one_by_one, command)
        merged = Motion(gripper=command).after(merged)
    together = opening_after(opening, merged.gripper)
    # Two toggles leave what they found half open; on its own each would have gone to an end.
    assert together == one_by_one or (merged.gripper is None and (together > 0.5) == (one_by_one > 0.5))


def test_events_stay_in_order() -> None:
    first, second = Motion(events=(Event.START, Event.STOP)), Motion(events=(Event.KEEP,))
    assert second.after(first).events == (Event.START, Event.STOP, Event.KEEP)


@pytest.mark.parametrize(("found", "left"), [(0.0, 1.0), (0.4, 1.0), (0.6, 0.0), (1.0, 0.0)])
def test_a_toggle_goes_to_the_other_side(found: float, left: float) -> None:
    assert opening_after(found, Fingers.TOGGLE) == left
