"""Latent actions: what each loss reaches, and what it does not."""

import pytest
import torch
from torch import Tensor, nn

from clam_robot.errors import ConfigError
from clam_robot.models.latent_action_model import LatentActionConfig, LatentActionModel

NUM_ROWS = 12


def model(**changes: float) -> LatentActionModel:
    torch.manual_seed(0)
    config = LatentActionConfig(**{"latent_dim": 3, "hidden": 8, "dropout": 0.0, **changes})
    return LatentActionModel(num_context=10, num_present=4, num_change=5, num_actions=2, config=config)


def batch(num_labeled: int = 5) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "context": torch.randn(NUM_ROWS, 10, generator=generator),
        "present": torch.randn(NUM_ROWS, 4, generator=generator),
        "change": torch.randn(NUM_ROWS, 5, generator=generator),
        "action": torch.rand(NUM_ROWS, 2, generator=generator) * 2 - 1,
        "is_labeled": torch.arange(NUM_ROWS) < num_labeled,
    }


def gradients(module: nn.Module) -> Tensor:
    return torch.cat(
        [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in module.parameters()]
    )


def learned(network: LatentActionModel, data: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of inverse dynamics, forward dynamics and decoder."""
    network.zero_grad()
    network.loss(**data)[0].backward()
    return tuple(gradients(m) for m in (network.inverse_dynamics, network.forward_dynamics, network.action_decoder))


def test_loss_is_reconstruction_plus_weighted_action_error_over_the_labelled_rows() -> None:
    network, data = model(action_weight=3.0), batch(num_labeled=5)
    loss, parts = network.loss(**data)
    latent = network.encode(data["context"])
    reconstruction = (network.predict_change(data["present"], latent) - data["change"]).square().mean()
    action = (network.decode(latent[:5]) - data["action"][:5]).square().mean()
    torch.testing.assert_close(loss, reconstruction + 3 * action)
    assert parts == pytest.approx({"reconstruction": reconstruction.item(), "action": action.item()})


def test_unlabelled_rows_do_not_touch_the_action_loss() -> None:
    network, data = model(), batch(num_labeled=5)
    data["action"].requires_grad_()
    network.loss(**data)[0].backward()
    gradient = data["action"].grad
    assert gradient is not None
    assert (gradient[:5] != 0).all()
    assert (gradient[5:] == 0).all()


@pytest.mark.parametrize("garbage", [1e6, float("nan"), float("inf")])
def test_whatever_stands_where_a_label_is_missing_is_ignored(garbage: float) -> None:
    network, data = model(), batch(num_labeled=5)
    expected = learned(network, data)
    data["action"][5:] = garbage
    for found, wanted in zip(learned(network, data), expected, strict=True):
        assert torch.equal(found, wanted)


def test_jointly_the_action_loss_also_trains_the_inverse_model() -> None:
    grounded = learned(model(action_weight=1.0), batch())
    alone = learned(model(action_weight=0.0), batch())
    assert not torch.equal(grounded[0], alone[0])
    assert torch.equal(grounded[1], alone[1])


def test_without_joint_grounding_the_action_loss_trains_the_decoder_alone() -> None:
    grounded = learned(model(action_weight=1.0, is_joint=False), batch())
    alone = learned(model(action_weight=0.0, is_joint=False), batch())
    assert torch.equal(grounded[0], alone[0])
    assert torch.equal(grounded[1], alone[1])
    assert (grounded[2] != 0).any()


@pytest.mark.parametrize("is_joint", [True, False])
def test_without_a_labelled_row_the_loss_is_reconstruction_and_finite(is_joint: bool) -> None:
    network, data = model(is_joint=is_joint), batch(num_labeled=0)
    loss, parts = network.loss(**data)
    assert loss.item() == pytest.approx(parts["reconstruction"])
    assert parts["action"] == 0
    inverse, forward, decoder = learned(network, data)
    assert torch.isfinite(torch.cat([inverse, forward, decoder])).all()
    assert (decoder == 0).all()


def test_the_forward_model_reads_the_latent_action() -> None:
    network, data = model(), batch()
    latent = network.encode(data["context"])
    assert not torch.equal(
        network.predict_change(data["present"], latent), network.predict_change(data["present"], latent + 1)
    )


def test_decoded_actions_stay_within_one() -> None:
    decoded = model().decode(torch.randn(1000, 3, generator=torch.Generator().manual_seed(0)) * 1e4)
    assert decoded.abs().max().item() <= 1


def test_only_the_inverse_model_drops_units() -> None:
    network, data = model(dropout=0.5).train(), batch()
    latent = torch.randn(NUM_ROWS, 3)
    assert torch.equal(network.decode(latent), network.decode(latent))
    assert torch.equal(network.predict_change(data["present"], latent), network.predict_change(data["present"], latent))
    assert not torch.equal(network.encode(data["context"]), network.encode(data["context"]))
    network.eval()
    assert torch.equal(network.encode(data["context"]), network.encode(data["context"]))


@pytest.mark.parametrize(
    ("name", "value"), [("latent_dim", 0), ("hidden", 0), ("num_layers", 0), ("dropout", 1.0), ("dropout", -0.1)]
)
def test_impossible_shapes_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be .*, found {value}"):
        LatentActionConfig(**{name: value})
