"""One pass for many robots says what a pass for each says."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from clam_robot.errors import InvalidVector
from clam_robot.interfaces import Policy, PolicyGroup
from clam_robot.models.actor import Actor
from clam_robot.models.actor_group import ActorGroup
from clam_robot.models.checkpoint import CheckpointHeader, group_of
from clam_robot.models.engines.engine import Answer
from clam_robot.models.vision import VisionConfig
from clam_robot.testing.fakes import FakePolicy
from clam_robot.types import ActionChunk, Observation

MakeGroup = Callable[..., ActorGroup]

VISION = VisionConfig(camera="front", size=16, width=2)


@pytest.fixture(scope="module")
def make_group(make_header: Callable[..., CheckpointHeader], make_actor: Callable[..., Actor]) -> MakeGroup:
    def make(**shape: object) -> ActorGroup:
        header = make_header(**shape)
        return group_of(make_actor(header), header)

    return make


def observation(number: int) -> Observation:
    """The `number`-th of any number of different ones."""
    rng = np.random.default_rng(number)
    return Observation(
        time=0.1 * number,
        state=rng.normal(size=16).astype(np.float32),
        images={"front": rng.integers(0, 256, (24, 32, 3), np.uint8)},
        image_times={"front": 0.1 * number},
    )


def assert_same(found: ActionChunk, expected: ActionChunk) -> None:
    assert (found.observation_time, found.dt) == (expected.observation_time, expected.dt)
    np.testing.assert_allclose(found.actions, expected.actions, atol=1e-5)
    assert (found.latent_actions is None) == (expected.latent_actions is None)
    if found.latent_actions is not None and expected.latent_actions is not None:
        np.testing.assert_allclose(found.latent_actions, expected.latent_actions, atol=1e-5)


SHAPES = (
    {},
    {"is_latent": False},
    {"history": 2},
    {"is_latent": False, "architecture": "chunk", "chunk": 4, "history": 1},
    {"architecture": "chunk", "chunk": 3},
    {"vision": VISION, "history": 1},
    {"vision": VISION, "is_latent": False},
    {"embedding": 5, "is_latent": False},
)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(shape) or "plain")
@settings(max_examples=25)
@given(lengths=st.lists(st.integers(0, 4), min_size=1, max_size=16), data=st.data())
def test_a_group_answers_as_each_of_its_policies_does(
    make_group: MakeGroup, shape: dict[str, object], lengths: list[int], data: st.DataObject
) -> None:
    group = make_group(**shape)
    together, alone = ([group.new() for _ in lengths] for _ in range(2))
    for number, length in enumerate(lengths):
        for step in range(length):
            together[number].infer(observation(100 * number + step))
            alone[number].infer(observation(100 * number + step))
    for round_ in range(2):
        order = data.draw(st.permutations(range(len(lengths))))[: data.draw(st.integers(1, len(lengths)))]
        seen = [observation(100 * number + 50 + round_) for number in order]
        chunks = group.infer([together[number] for number in order], seen)
        assert len(chunks) == len(order)
        for number, each, chunk in zip(order, seen, chunks, strict=True):
            assert_same(chunk, alone[number].infer(each))


def test_it_is_a_group_of_policies_for_its_robot(make_group: MakeGroup) -> None:
    group = make_group()
    assert isinstance(group, PolicyGroup)
    assert isinstance(group.new(), Policy)
    assert group.new().spec == group.spec


def test_nobody_asked_nobody_answered(make_group: MakeGroup) -> None:
    assert make_group().infer([], []) == []


def test_a_robot_that_begins_anew_leaves_the_others_their_histories(make_group: MakeGroup) -> None:
    group = make_group(history=2)
    first, second, alone, fresh = (group.new() for _ in range(4))
    for number in range(3):
        group.infer([first, second], [observation(number), observation(10 + number)])
        alone.infer(observation(10 + number))
    first.reset()
    chunks = group.infer([first, second], [observation(5), observation(15)])
    assert_same(chunks[0], fresh.infer(observation(5)))
    assert_same(chunks[1], alone.infer(observation(15)))


def test_chunks_of_one_pass_belong_to_different_robots(make_group: MakeGroup) -> None:
    group = make_group()
    first, second = group.infer([group.new(), group.new()], [observation(1), observation(2)])
    kept = second.actions.copy()
    first.actions[:] = 7
    np.testing.assert_array_equal(second.actions, kept)


class Interrupted:
    """An engine that fails when it is told to."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.is_broken = False

    def act(self, states: Tensor, frames: Tensor | None = None) -> Answer:
        if self.is_broken:
            raise RuntimeError("out of memory")
        return self.actor.act(states, frames)


def test_a_pass_that_fails_changes_nobodys_history(
    make_header: Callable[..., CheckpointHeader], make_actor: Callable[..., Actor]
) -> None:
    header = make_header(history=2)
    engine = Interrupted(make_actor(header))
    group = ActorGroup(engine, header.view)
    policies, alone = [group.new(), group.new()], group.new()
    group.infer(policies, [observation(0), observation(1)])
    alone.infer(observation(1))
    engine.is_broken = True
    with pytest.raises(RuntimeError):
        group.infer(policies, [observation(2), observation(3)])
    engine.is_broken = False
    broken = replace(observation(4), state=np.full(16, np.nan, np.float32))
    with pytest.raises(InvalidVector, match="hand_x"):
        group.infer(policies, [observation(5), broken])
    assert_same(group.infer(policies, [observation(6), observation(7)])[1], alone.infer(observation(7)))


def test_only_different_policies_of_its_own_with_an_observation_each(make_group: MakeGroup) -> None:
    group, other = make_group(), make_group()
    mine = group.new()
    strangers: Sequence[Sequence[Policy]] = ([mine, mine], [mine, other.new()], [mine, FakePolicy(group.spec)])
    for policies in strangers:
        with pytest.raises(ValueError, match="different policies"):
            group.infer(policies, [observation(0), observation(1)])
    with pytest.raises(ValueError, match="each of 1 policies, found 2"):
        group.infer([mine], [observation(0), observation(1)])
