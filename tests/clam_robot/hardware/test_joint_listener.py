"""Whatever a node says of the joints becomes a right state or a named silence."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import DriverError, StaleObservation
from clam_robot.hardware.joint_listener import JointListener
from clam_robot.hardware.joint_message import joint_state_of
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.timing import ManualClock

NAMES = [*JOINT_NAMES, "gripper", "left_finger", "right_finger"]
RUN = object()


def message(source: object = RUN, **changes: list[object]) -> SimpleNamespace:
    fields: dict[str, object] = {
        "name": NAMES,
        "position": [0.1 * place for place in range(9)],
        "velocity": [0.0] * 9,
        "effort": [1.0] * 9,
    }
    return SimpleNamespace(**(fields | changes), _connection_header=source)


def test_names_say_which_number_is_whose() -> None:
    turned = message(name=NAMES[::-1], position=[0.1 * place for place in range(9)][::-1])
    for each in (message(), turned):
        state = joint_state_of(1.0, each)
        np.testing.assert_allclose(state.position, 0.1 * np.arange(6))
        assert state.finger == pytest.approx(0.7)


numbers = st.lists(st.floats(width=32) | st.sampled_from([np.nan, np.inf, 0.0]), max_size=12)


@given(
    st.sampled_from([NAMES, NAMES[:-2], NAMES[:4], [], NAMES + NAMES]) | st.permutations(NAMES),
    numbers,
    numbers,
    numbers,
)
def test_every_message_is_a_finite_state_or_a_named_error(
    name: list[object], position: list[object], velocity: list[object], effort: list[object]
) -> None:
    try:
        state = joint_state_of(0.0, message(name=name, position=position, velocity=velocity, effort=effort))
    except DriverError as error:
        assert any(word in str(error) for word in ("they have no", "expected", " of "))
    else:
        assert np.isfinite([*state.position, *state.velocity, *state.effort, state.finger]).all()


@pytest.mark.parametrize(
    ("garbage", "cause"),
    [
        ({"position": [0.0] * 5}, "position: expected 9 numbers, one for each name, found 5"),
        ({"effort": []}, "effort: expected 9 numbers"),
        ({"velocity": [float("nan")] * 9}, "velocity of waist is nan"),
        ({"name": NAMES[1:], "position": [0.0] * 8}, "they have no waist"),
    ],
)
def test_garbage_counts_as_silence_and_is_told_as_its_cause(
    garbage: dict[str, list[object]], cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    listener = JointListener("/arm/joint_states", clock, stale_after=0.3)
    with pytest.raises(StaleObservation, match="no message on /arm/joint_states"):
        listener.newest()
    listener.hear(message())
    for _ in range(10):
        clock.advance(0.02)
        listener.hear(message(**garbage))
    assert listener.newest().time == pytest.approx(0.0)  # the last one that could be used
    clock.advance(0.2)
    with pytest.raises(StaleObservation, match=f"messages on /arm/joint_states cannot be used.*{cause}"):
        listener.newest()
    assert len(caplog.records) == 1
    listener.hear(message())
    assert listener.silence == ""


def test_another_run_of_the_node_is_noticed() -> None:
    listener = JointListener("/arm/joint_states", ManualClock(), stale_after=0.3)
    assert [listener.hear(message(source)) for source in (RUN, RUN, object())] == [False, False, True]
    listener.forget()
    assert not listener.has_heard and not listener.hear(message(object()))
