"""The layout of a window finds what the features put there."""

from collections.abc import Callable

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from clam_robot.models.features import FeatureConfig, StateFeatures
from clam_robot.specs import RobotSpec

MakeSpec = Callable[[list[tuple[str, str]]], RobotSpec]

relaxed = settings(deadline=None)

GRIPPERS = ("gripper", "gripper_left")


@st.composite
def robots(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Names and units of states with points, grippers, neither or both."""
    points = draw(st.lists(st.sampled_from(["hand", "cup", "goal"]), unique=True))
    others = draw(st.lists(st.sampled_from([*GRIPPERS, "joint", "prev_joint"]), unique=True))
    entries = [(f"{point}_{axis}", "m") for point in points for axis in "xyz"] + [(name, "1") for name in others]
    return [*entries, ("elbow", "rad")]


def fitted(spec: RobotSpec, past: int, future: int, seed: int) -> tuple[StateFeatures, Tensor]:
    """Features, and random windows (3, W, S)."""
    states = torch.randn(3, past + 1 + future, len(spec.state), generator=torch.Generator().manual_seed(seed)) * 3 + 1
    features = StateFeatures(spec, FeatureConfig(past=past, future=future))
    rows = states.flatten(0, 1)
    features.fit(rows[:-1], rows.diff(dim=0))
    return features, states


@relaxed
@given(robots(), st.integers(0, 3), st.integers(1, 3), st.integers(0, 99))
def test_present_changes_steps_and_grippers_lie_where_the_layout_says(
    make_spec: MakeSpec, entries: list[tuple[str, str]], past: int, future: int, seed: int
) -> None:
    features, states = fitted(make_spec(entries), past, future, seed)
    layout, context = features.layout, features.context(states)
    assert context.shape[-1] == layout.num_context
    assert torch.equal(layout.present(context), features.present(states[:, past]))
    changes = states.diff(dim=1) / features.change_scale * features.kept
    assert torch.equal(layout.changes(context), changes)
    for num_steps in range(1, future + 1):
        assert torch.equal(layout.next_changes(context, num_steps), changes[:, past : past + num_steps])
    size = len(entries)
    grippers = features.present(states)[..., :size][..., [name in GRIPPERS for name, _ in entries]]
    steps = layout.steps(context, "window")
    assert steps.shape[1:] == (past + future, layout.num_step("window"))
    assert torch.equal(steps, torch.cat([changes, grippers[:, :-1], grippers[:, 1:]], dim=-1))
    own = changes[..., list(layout.own)] if layout.own else changes
    steps = layout.steps(context, "motion")
    assert steps.shape[1:] == (past + future, layout.num_step("motion"))
    assert torch.equal(steps, torch.cat([own, grippers[:, :-1], grippers[:, 1:]], dim=-1))


@relaxed
@given(robots(), st.integers(0, 3), st.integers(1, 3), st.data())
def test_a_history_of_a_window_is_that_of_the_states_up_to_the_present(
    make_spec: MakeSpec, entries: list[tuple[str, str]], past: int, future: int, data: st.DataObject
) -> None:
    features, states = fitted(make_spec(entries), past, future, data.draw(st.integers(0, 99)))
    layout, context = features.layout, features.context(states)
    length = data.draw(st.integers(0, past))
    found = layout.history(context, length)
    assert found.shape[-1] == layout.num_history(length)
    assert torch.equal(found, features.history(states[:, past - length : past + 1]))


@relaxed
@given(robots(), st.integers(0, 3), st.integers(1, 3), st.data())
def test_nothing_after_the_present_is_in_a_history(
    make_spec: MakeSpec, entries: list[tuple[str, str]], past: int, future: int, data: st.DataObject
) -> None:
    features, states = fitted(make_spec(entries), past, future, 0)
    length = data.draw(st.integers(0, past))
    expected = features.layout.history(features.context(states), length)
    states[:, past + 1 :] = 1e3
    assert torch.equal(features.layout.history(features.context(states), length), expected)
