"""The policy network standardises its targets by itself."""

import pytest
import torch

from clam_robot.errors import ConfigError
from clam_robot.models.latent_policy import PolicyConfig, PolicyNetwork


def network(num_targets: int = 2) -> PolicyNetwork:
    torch.manual_seed(0)
    return PolicyNetwork(num_present=3, num_targets=num_targets, config=PolicyConfig(hidden=8)).eval()


def targets() -> torch.Tensor:
    scale, middle = torch.tensor([0.01, 50.0]), torch.tensor([-3.0, 1e3])
    return torch.randn(500, 2, generator=torch.Generator().manual_seed(1)) * scale + middle


def test_an_untrained_network_answers_in_the_scale_of_its_targets() -> None:
    made = network()
    made.fit_scale(targets())
    answers = made(torch.randn(200, 3))
    torch.testing.assert_close(answers.mean(0), targets().mean(0), rtol=0.05, atol=0.01)


def test_every_target_counts_alike_whatever_its_scale() -> None:
    made, wanted = network(), targets()
    made.fit_scale(wanted)
    present = torch.randn(500, 3)
    for column in (0, 1):
        other = made(present).detach()
        other[:, column] += wanted[:, column].std()
        assert made.loss(present, other).item() == pytest.approx(0.5, rel=1e-3)


def test_a_target_that_never_changes_gives_a_finite_loss() -> None:
    made, wanted = network(), targets()
    wanted[:, 0] = -3.0
    made.fit_scale(wanted)
    present = torch.randn(500, 3)
    assert torch.isfinite(made.loss(present, wanted))
    torch.testing.assert_close(made(present)[:, 0], wanted[:, 0], rtol=0, atol=1e-3)


def test_its_scale_is_among_the_weights() -> None:
    made, fresh = network(), network()
    made.fit_scale(targets())
    present = torch.randn(5, 3)
    assert not torch.equal(fresh(present), made(present))
    fresh.load_state_dict(made.state_dict())
    assert torch.equal(fresh(present), made(present))


@pytest.mark.parametrize(("name", "value"), [("hidden", 0), ("num_layers", 0), ("dropout", 1.5)])
def test_impossible_shapes_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be .*, found {value}"):
        PolicyConfig(**{name: value})
