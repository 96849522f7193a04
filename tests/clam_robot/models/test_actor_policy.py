"""An actor behind the policy protocol."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from clam_robot.errors import InvalidVector
from clam_robot.models.actor import Actor
from clam_robot.models.actor_policy import ActorPolicy
from clam_robot.models.checkpoint import CheckpointHeader
from clam_robot.types import Observation

MakeHeader = Callable[..., CheckpointHeader]
MakeActor = Callable[..., Actor]


def observations(states: Tensor) -> list[Observation]:
    return [Observation(time=0.1 * k, state=state.numpy()) for k, state in enumerate(states)]


@pytest.fixture
def seen(make_states: Callable[..., Tensor]) -> list[Observation]:
    return observations(make_states(10))


@pytest.mark.parametrize("is_latent", [True, False])
def test_a_chunk_is_one_period_long_and_carries_the_latent_action_it_was_decoded_from(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation], is_latent: bool
) -> None:
    header = make_header(is_latent=is_latent)
    chunk = ActorPolicy(make_actor(header), header.spec).infer(seen[3])
    assert chunk.actions.shape == (1, 3)
    assert chunk.observation_time == seen[3].time
    assert chunk.dt == pytest.approx(1 / header.spec.control_hz)
    assert (chunk.latent_actions is not None) == is_latent
    if chunk.latent_actions is not None:
        assert chunk.latent_actions.shape == (1, 5)


def test_actions_are_physical_and_within_bounds(make_header: MakeHeader, make_actor: MakeActor) -> None:
    header = make_header(is_latent=False)
    policy = ActorPolicy(make_actor(header), header.spec)
    far = torch.randn(20, len(header.spec.state), generator=torch.Generator().manual_seed(0)) * 1e5
    for observation in observations(far):
        header.spec.action.validate(policy.infer(observation).actions[0])


def test_a_chunk_and_its_action_belong_to_whoever_asked(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    policy = ActorPolicy(make_actor(make_header()), make_header().spec)
    first = policy.infer(seen[0])
    kept = first.actions.copy()
    first.actions[:] += 0  # may be written to
    policy.infer(seen[1])
    np.testing.assert_array_equal(first.actions, kept)


def test_policies_share_an_actor_without_hearing_of_each_other(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    actor, spec = make_actor(make_header()), make_header().spec
    alone = [ActorPolicy(actor, spec).infer(observation).actions for observation in seen]
    first, second = ActorPolicy(actor, spec), ActorPolicy(actor, spec)
    together = [(first.infer(o).actions, second.infer(p).actions) for o, p in zip(seen, reversed(seen), strict=True)]
    np.testing.assert_array_equal([a for a, _ in together], alone)
    np.testing.assert_array_equal([b for _, b in together], alone[::-1])


def test_nothing_is_dropped_at_run_time_even_from_an_actor_in_training(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    policy = ActorPolicy(make_actor(make_header()).train(), make_header().spec)
    np.testing.assert_array_equal(policy.infer(seen[0]).actions, policy.infer(seen[0]).actions)


def test_an_inference_waits_for_no_second_thread(make_header: MakeHeader, make_actor: MakeActor) -> None:
    torch.set_num_threads(2)
    ActorPolicy(make_actor(make_header()), make_header().spec)
    assert torch.get_num_threads() == 1


def test_states_that_are_no_states_are_refused_by_name(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    policy = ActorPolicy(make_actor(make_header()), make_header().spec)
    broken = seen[0].state.copy()
    broken[1] = np.nan
    with pytest.raises(InvalidVector, match="hand_y"):
        policy.infer(replace(seen[0], state=broken))
    with pytest.raises(InvalidVector, match="expected shape"):
        policy.infer(replace(seen[0], state=broken[:-1]))
