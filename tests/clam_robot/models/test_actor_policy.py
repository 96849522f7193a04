"""An actor behind the policy protocol."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from clam_robot.errors import InvalidImage, InvalidVector
from clam_robot.models.actor import Actor
from clam_robot.models.checkpoint import CheckpointHeader, policy_of
from clam_robot.models.vision import VisionConfig
from clam_robot.types import Observation

MakeHeader = Callable[..., CheckpointHeader]
MakeActor = Callable[..., Actor]


VISION = VisionConfig(camera="front", size=16, width=2, shift=4)


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
    chunk = policy_of(make_actor(header), header).infer(seen[3])
    assert chunk.actions.shape == (1, 3)
    assert chunk.observation_time == seen[3].time
    assert chunk.dt == pytest.approx(1 / header.spec.control_hz)
    assert (chunk.latent_actions is not None) == is_latent
    if chunk.latent_actions is not None:
        assert chunk.latent_actions.shape == (1, 5)


def test_actions_are_physical_and_within_bounds(make_header: MakeHeader, make_actor: MakeActor) -> None:
    header = make_header(is_latent=False)
    policy = policy_of(make_actor(header), header)
    far = torch.randn(20, len(header.spec.state), generator=torch.Generator().manual_seed(0)) * 1e5
    for observation in observations(far):
        header.spec.action.validate(policy.infer(observation).actions[0])


def test_a_chunk_and_its_action_belong_to_whoever_asked(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    policy = policy_of(make_actor(make_header()), make_header())
    first = policy.infer(seen[0])
    kept = first.actions.copy()
    first.actions[:] += 0  # may be written to
    policy.infer(seen[1])
    np.testing.assert_array_equal(first.actions, kept)


def test_policies_share_an_actor_without_hearing_of_each_other(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    header = make_header()
    actor = make_actor(header)
    alone = [policy_of(actor, header).infer(observation).actions for observation in seen]
    first, second = policy_of(actor, header), policy_of(actor, header)
    together = [(first.infer(o).actions, second.infer(p).actions) for o, p in zip(seen, reversed(seen), strict=True)]
    np.testing.assert_array_equal([a for a, _ in together], alone)
    np.testing.assert_array_equal([b for _, b in together], alone[::-1])


def test_nothing_is_dropped_at_run_time_even_from_an_actor_in_training(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    policy = policy_of(make_actor(make_header()).train(), make_header())
    np.testing.assert_array_equal(policy.infer(seen[0]).actions, policy.infer(seen[0]).actions)


def test_an_inference_waits_for_no_second_thread(make_header: MakeHeader, make_actor: MakeActor) -> None:
    torch.set_num_threads(2)
    policy_of(make_actor(make_header()), make_header())
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("architecture", ["mlp", "chunk"])
@pytest.mark.parametrize("is_latent", [True, False])
def test_a_chunk_has_an_action_for_each_of_its_periods(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation], is_latent: bool, architecture: str
) -> None:
    header = make_header(is_latent=is_latent, chunk=4, architecture=architecture)
    actor = make_actor(header)
    chunk = policy_of(actor, header).infer(seen[3])
    assert chunk.actions.shape == (4, 3)
    assert chunk.dt == pytest.approx(1 / header.spec.control_hz)
    states = torch.from_numpy(seen[3].state)[None, None]
    np.testing.assert_array_equal(chunk.actions, actor.act(states)[0][0].numpy())
    if is_latent:
        assert chunk.latent_actions is not None and chunk.latent_actions.shape == (4, 5)
        assert actor.decoder is not None
        decoded = actor.scale.denormalize(torch.tanh(actor.decoder(torch.from_numpy(chunk.latent_actions))))
        torch.testing.assert_close(torch.from_numpy(chunk.actions), decoded.detach())


def test_a_policy_sees_its_last_observations_and_the_first_again_before_there_are_enough(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    header = make_header(history=2)
    actor = make_actor(header)
    policy = policy_of(actor, header)
    found = [policy.infer(observation).actions[0] for observation in seen]
    for now, rows in enumerate([(0, 0, 0), (0, 0, 1), (0, 1, 2), (1, 2, 3), (2, 3, 4)]):
        states = torch.from_numpy(np.stack([seen[row].state for row in rows]))
        np.testing.assert_array_equal(found[now], actor.act(states[None])[0][0, 0].numpy())


def test_an_episode_begins_without_the_one_before(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    header = make_header(history=2)
    policy = policy_of(make_actor(header), header)
    first = [policy.infer(observation).actions for observation in seen]
    goes_on = policy.infer(seen[0]).actions
    policy.reset()
    again = [policy.infer(observation).actions for observation in seen]
    np.testing.assert_array_equal(again, first)
    assert not np.array_equal(goes_on, first[0])


def test_policies_that_share_an_actor_have_histories_of_their_own(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    header = make_header(history=1)
    actor = make_actor(header)
    alone, first, second = (policy_of(actor, header) for _ in range(3))
    expected = [alone.infer(observation).actions for observation in seen]
    found = []
    for observation, other in zip(seen, reversed(seen), strict=True):
        found.append(first.infer(observation).actions)
        second.infer(other)
    np.testing.assert_array_equal(found, expected)


def filmed(states: Tensor) -> list[Observation]:
    frames = np.random.default_rng(0).integers(0, 256, (len(states), 24, 32, 3), np.uint8)
    return [
        replace(observation, images={"front": frame}, image_times={"front": observation.time})
        for observation, frame in zip(observations(states), frames, strict=True)
    ]


@pytest.mark.parametrize("history", [0, 1])
def test_a_policy_with_a_camera_sees_its_frames_beside_the_states(
    make_header: MakeHeader, make_actor: MakeActor, make_states: Callable[..., Tensor], history: int
) -> None:
    header = make_header(vision=VISION, history=history)
    actor = make_actor(header)
    policy, seen = policy_of(actor, header), filmed(make_states(4))
    found = [policy.infer(observation).actions for observation in seen]
    rows = slice(3 - history, 4)
    states = torch.from_numpy(np.stack([observation.state for observation in seen[rows]]))[None]
    frames = torch.from_numpy(np.stack([observation.images["front"] for observation in seen[rows]]))[None]
    np.testing.assert_array_equal(found[3], actor.act(states, frames)[0][0].numpy())
    for frame in range(history + 1):
        dark = frames.clone()
        dark[:, frame] = 0
        assert not torch.equal(actor.act(states, dark)[0], actor.act(states, frames)[0])


def test_a_frame_that_is_missing_or_of_another_size_is_refused_by_name(
    make_header: MakeHeader, make_actor: MakeActor, make_states: Callable[..., Tensor]
) -> None:
    header = make_header(vision=VISION)
    policy, seen = policy_of(make_actor(header), header), filmed(make_states(1))[0]
    with pytest.raises(InvalidImage, match="front"):
        policy.infer(replace(seen, images={}, image_times={}))
    with pytest.raises(InvalidImage, match="front"):
        policy.infer(replace(seen, images={"front": seen.images["front"][:-1]}))


def test_states_that_are_no_states_are_refused_by_name(
    make_header: MakeHeader, make_actor: MakeActor, seen: list[Observation]
) -> None:
    policy = policy_of(make_actor(make_header()), make_header())
    broken = seen[0].state.copy()
    broken[1] = np.nan
    with pytest.raises(InvalidVector, match="hand_y"):
        policy.infer(replace(seen[0], state=broken))
    with pytest.raises(InvalidVector, match="expected shape"):
        policy.infer(replace(seen[0], state=broken[:-1]))
