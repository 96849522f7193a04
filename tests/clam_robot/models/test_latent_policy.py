"""The policy network standardises its targets by itself, and predicts as many as a chunk has."""

from typing import Any

import pytest
import torch
from torch import Tensor

from clam_robot.errors import ConfigError
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_policy import PolicyConfig, PolicyNetwork, StateEye

HEADS = ("mlp", "chunk")


def network(**shape: Any) -> PolicyNetwork:  # noqa: ANN401
    torch.manual_seed(0)
    config = PolicyConfig(**{"hidden": 8, **shape})
    return PolicyNetwork(StateEye(), num_seen=3, num_targets=2, config=config).eval()


def targets() -> Tensor:
    scale, middle = torch.tensor([0.01, 50.0]), torch.tensor([-3.0, 1e3])
    return torch.randn(500, 2, generator=torch.Generator().manual_seed(1)) * scale + middle


def answers(made: PolicyNetwork, present: Tensor) -> Tensor:
    """Of chunks of one."""
    return made.act(Inputs(features=present))[:, 0]


def test_an_untrained_network_answers_in_the_scale_of_its_targets() -> None:
    made = network()
    made.fit_scale(targets())
    found = answers(made, torch.randn(200, 3))
    torch.testing.assert_close(found.mean(0), targets().mean(0), rtol=0.05, atol=0.01)


def test_its_scale_is_among_the_weights() -> None:
    made, fresh = network(), network()
    made.fit_scale(targets())
    present = torch.randn(5, 3)
    assert not torch.equal(answers(fresh, present), answers(made, present))
    fresh.load_state_dict(made.state_dict())
    assert torch.equal(answers(fresh, present), answers(made, present))


@pytest.mark.parametrize("head", HEADS)
def test_targets_of_a_chunk_differ_from_period_to_period(head: str) -> None:
    found = network(architecture=head, chunk=4).act(Inputs(features=torch.randn(6, 3)))
    assert found.shape == (6, 4, 2)
    assert (found[:, 1:] != found[:, :-1]).all()


def test_a_chunk_transformer_needs_heads_that_share_its_width() -> None:
    with pytest.raises(ConfigError, match="hidden: expected a multiple of num_heads 3, found 8"):
        PolicyConfig(architecture="chunk", hidden=8, num_heads=3)
    PolicyConfig(architecture="mlp", hidden=8, num_heads=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden", 0),
        ("num_layers", 0),
        ("num_heads", 0),
        ("dropout", 1.5),
        ("history", -1),
        ("chunk", 0),
        ("embedding", -1),
    ],
)
def test_impossible_shapes_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be .*, found {value}"):
        PolicyConfig(**{name: value})


@pytest.mark.parametrize("weights", [(-0.1, 1.0), (1.0, -0.1), (0.0, 0.0)])
def test_weights_that_teach_nothing_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="latent_weight, decoded_weight: expected none negative and one positive"):
        PolicyConfig(latent_weight=weights[0], decoded_weight=weights[1])
