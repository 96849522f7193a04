"""Physical actions and the [-1, 1] of the networks."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clam_robot.errors import InvalidSpec
from clam_robot.models.action_scale import ActionScale
from clam_robot.specs import VectorSpec

relaxed = settings(deadline=None)

BOUND = st.floats(-1e3, 1e3, width=32)


def scale(*bounds: tuple[float, float]) -> ActionScale:
    low, high = zip(*[(float(low), float(high)) for low, high in bounds], strict=True)
    names = tuple(f"a{i}" for i in range(len(bounds)))
    return ActionScale(VectorSpec(names=names, units=("m",) * len(bounds), low=low, high=high))


def test_bounds_are_minus_one_and_one() -> None:
    made = scale((-0.1, 0.3), (0, 1))
    ends = torch.tensor([[-0.1, 0.0], [0.3, 1.0]])
    torch.testing.assert_close(made.normalize(ends), torch.tensor([[-1.0, -1.0], [1.0, 1.0]]))
    assert torch.equal(made.denormalize(torch.tensor([[-1.0, -1.0], [1.0, 1.0]])), ends)


@relaxed
@given(BOUND, BOUND, st.floats(-1, 1, width=32))
def test_there_and_back(a: float, b: float, x: float) -> None:
    low, high = min(a, b), max(a, b)
    assume(high - low > 1e-3 * max(abs(low), abs(high), 1e-3))
    made = scale((low, high))
    torch.testing.assert_close(
        made.normalize(made.denormalize(torch.tensor([x]))), torch.tensor([x]), rtol=0, atol=1e-3
    )


@relaxed
@given(BOUND, BOUND, st.floats(-2, 2, width=32))
def test_no_output_of_a_network_leaves_the_bounds(a: float, b: float, x: float) -> None:
    assume(a != b)
    made = scale((min(a, b), max(a, b)))
    action = made.denormalize(torch.tensor([x]))
    assert made.low <= action <= made.high


@pytest.mark.parametrize("bounds", [(-float("inf"), 1.0), (0.0, float("inf")), (0.5, 0.5)])
def test_an_action_without_room_to_scale_by_is_refused_by_name(bounds: tuple[float, float]) -> None:
    with pytest.raises(InvalidSpec, match="action a1: expected finite bounds low < high"):
        scale((0, 1), bounds)
