"""Every target counts alike; of latent actions what the decoder hears counts most."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from clam_robot.models.imitation import Imitation
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_policy import PolicyConfig, PolicyNetwork, StateEye

HEADS = ("mlp", "chunk")


def imitation(wanted: Tensor, decoder: nn.Module | None = None, **shape: Any) -> Imitation:  # noqa: ANN401
    torch.manual_seed(0)
    config = PolicyConfig(**{"hidden": 8, **shape})
    network = PolicyNetwork(StateEye(), num_seen=3, num_targets=2, config=config).eval()
    network.fit_scale(wanted)
    return Imitation(network, config, targets=wanted, decoder=decoder).eval()


def targets() -> Tensor:
    scale, middle = torch.tensor([0.01, 50.0]), torch.tensor([-3.0, 1e3])
    return torch.randn(500, 2, generator=torch.Generator().manual_seed(1)) * scale + middle


def answers(made: Imitation, present: Tensor) -> Tensor:
    """Of chunks of one."""
    return made.network.act(Inputs(features=present))[:, 0]


def loss(made: Imitation, present: Tensor, wanted: Tensor) -> Tensor:
    return made(present, None, wanted[:, None], torch.ones(len(wanted), 1, dtype=torch.bool))[0]


class Hears(nn.Module):
    """A decoder of one action that hears the first of two latents."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[0.5], [0.0]]))

    def forward(self, latent: Tensor) -> Tensor:
        return latent @ self.weight


@pytest.mark.parametrize("head", HEADS)
def test_every_target_counts_alike_whatever_its_scale(head: str) -> None:
    wanted = targets()
    made = imitation(wanted, architecture=head)
    present = torch.randn(500, 3)
    for column in (0, 1):
        other = answers(made, present).detach()
        other[:, column] += wanted[:, column].std()
        assert loss(made, present, other).item() == pytest.approx(0.5, rel=1e-3)


def test_a_target_that_never_changes_gives_a_finite_loss() -> None:
    wanted = targets()
    wanted[:, 0] = -3.0
    made = imitation(wanted)
    present = torch.randn(500, 3)
    assert torch.isfinite(loss(made, present, wanted))
    torch.testing.assert_close(answers(made, present)[:, 0], wanted[:, 0], rtol=0, atol=1e-3)


@pytest.mark.parametrize("head", HEADS)
def test_targets_beyond_the_end_of_an_episode_do_not_count(head: str) -> None:
    made = imitation(torch.randn(500, 2), architecture=head, chunk=3)
    present, wanted = torch.randn(4, 3), torch.randn(4, 3, 2)
    is_valid = torch.tensor([[True, True, True], [True, False, False], [True, True, False], [True, False, False]])
    expected = ((made.network.act(Inputs(features=present)) - wanted) / made.network.std)[is_valid].square().mean()
    torch.testing.assert_close(made(present, None, wanted, is_valid)[0], expected)
    wanted[~is_valid] = 1e6
    torch.testing.assert_close(made(present, None, wanted, is_valid)[0], expected)


def test_a_batch_without_a_target_gives_no_loss() -> None:
    made = imitation(torch.randn(500, 2), chunk=2)
    loss, _ = made(torch.randn(4, 3), None, torch.randn(4, 2, 2), torch.zeros(4, 2, dtype=torch.bool))
    assert loss.item() == 0


def test_of_latents_it_counts_what_the_decoder_hears() -> None:
    wanted = torch.randn(500, 2)
    made = imitation(wanted, Hears(), latent_weight=0.0, decoded_weight=2.0)
    present = torch.randn(500, 3)
    found = answers(made, present).detach()
    for column, is_heard in ((0, True), (1, False)):
        other = found.clone()
        other[:, column] += 0.3
        assert (loss(made, present, other) > 0.01) == is_heard
    heard = torch.tanh(0.5 * wanted[:, :1])
    expected = ((torch.tanh(0.5 * found[:, :1]) - heard) / heard.std()).square().mean()
    torch.testing.assert_close(loss(made, present, wanted), 2.0 * expected)


def test_both_errors_are_weighed_and_told() -> None:
    wanted = torch.randn(500, 2)
    made = imitation(wanted, Hears(), latent_weight=0.25, decoded_weight=1.0)
    total, parts = made(torch.randn(500, 3), None, wanted[:, None], torch.ones(500, 1, dtype=torch.bool))
    assert parts.keys() == {"latent", "decoded"} and min(parts.values()) > 0
    assert total.item() == pytest.approx(0.25 * parts["latent"] + parts["decoded"], rel=1e-5)


def test_the_decoder_stays_as_it_is() -> None:
    wanted, decoder = torch.randn(500, 2), Hears()
    made = imitation(wanted, decoder)
    loss(made, torch.randn(500, 3), wanted).backward()
    assert all(not weight.requires_grad for weight in decoder.parameters())
    assert all(weight.grad is not None for weight in made.network.head.parameters())


def test_an_action_that_hardly_changes_counts_little() -> None:
    wanted = torch.randn(500, 2)
    wanted[:, 0] *= 1e-3
    decoder = nn.Identity()
    made = imitation(wanted, decoder, latent_weight=0.0)
    present = torch.randn(500, 3)
    assert loss(made, present, answers(made, present).detach() + torch.tensor([1e-3, 0.0])) < 1e-3
