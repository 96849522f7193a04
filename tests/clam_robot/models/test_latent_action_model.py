"""Latent actions: what each loss reaches, and what it does not."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from clam_robot.errors import ConfigError
from clam_robot.models.architectures import build_latent_action_model
from clam_robot.models.bottleneck import BottleneckConfig
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_action_model import LatentActionConfig, LatentActionModel
from clam_robot.models.mlp_dynamics import MlpForward
from clam_robot.models.vision import VisionConfig
from clam_robot.models.window_layout import WindowLayout

NUM_ROWS = 12
LAYOUT = WindowLayout(past=0, future=1, num_present=4, num_change=5, num_grippers=1, own=(0, 1, 3))


def model(**changes: Any) -> LatentActionModel:  # noqa: ANN401
    torch.manual_seed(0)
    config = LatentActionConfig(**{"latent_dim": 3, "hidden": 8, "dropout": 0.0, **changes})
    return build_latent_action_model(LAYOUT, num_actions=2, config=config, vision=VisionConfig())


def batch(num_labeled: int = 5, action_weight: float = 1.0) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    return {
        "features": torch.randn(NUM_ROWS, LAYOUT.num_context, generator=generator),
        "frames": None,
        "action": torch.rand(NUM_ROWS, 2, generator=generator) * 2 - 1,
        "is_labeled": torch.arange(NUM_ROWS) < num_labeled,
        "action_weight": action_weight,
    }


def encode(network: LatentActionModel, data: dict[str, Any]) -> Tensor:
    return network.encode(Inputs(features=data["features"]))


def predict_change(network: LatentActionModel, data: dict[str, Any], latent: Tensor) -> Tensor:
    assert isinstance(network.forward_model, MlpForward)
    return network.forward_model.predict(Inputs(features=data["features"]), latent[:, None])[:, 0]


def gradients(module: nn.Module) -> Tensor:
    return torch.cat(
        [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in module.parameters()]
    )


def learned(network: LatentActionModel, data: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of inverse dynamics, forward dynamics and decoder."""
    network.zero_grad()
    network(**data)[0].backward()
    return tuple(gradients(m) for m in (network.inverse, network.forward_model, network.action_decoder))


def test_loss_is_reconstruction_plus_weighted_action_error_over_the_labelled_rows() -> None:
    network, data = model(action_loss="mse"), batch(num_labeled=5, action_weight=3.0)
    loss, parts = network(**data)
    latent = encode(network, data)
    change = LAYOUT.changes(data["features"])[:, 0]
    reconstruction = (predict_change(network, data, latent) - change).square().mean()
    action = (network.decode(latent[:5]) - data["action"][:5]).square().mean()
    torch.testing.assert_close(loss, reconstruction + 3 * action)
    assert parts == pytest.approx({"reconstruction": reconstruction.item(), "action": action.item()})


@pytest.mark.parametrize(("sees", "matters"), [("motion", False), ("window", True)])
def test_where_the_arm_is_and_what_things_do_reaches_latent_actions_only_of_an_inverse_model_that_sees_the_window(
    sees: str, matters: bool
) -> None:
    network, data = model(inverse_sees=sees), batch()
    before = encode(network, data)
    data["features"][:, : LAYOUT.num_present] += 1.0
    assert torch.equal(before, encode(network, data)) != matters
    things = [LAYOUT.num_present + i for i in (2, 4)]
    data["features"][:, things] += 1.0
    assert torch.equal(before, encode(network, data)) != matters
    data["features"][:, LAYOUT.num_present :] += 1.0
    assert not torch.equal(before, encode(network, data))


def test_unlabelled_rows_do_not_touch_the_action_loss() -> None:
    network, data = model(), batch(num_labeled=5)
    data["action"].requires_grad_()
    network(**data)[0].backward()
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
    grounded = learned(model(), batch(action_weight=1.0))
    alone = learned(model(), batch(action_weight=0.0))
    assert not torch.equal(grounded[0], alone[0])
    assert torch.equal(grounded[1], alone[1])


def test_without_joint_grounding_the_action_loss_trains_the_decoder_alone() -> None:
    grounded = learned(model(is_joint=False), batch(action_weight=1.0))
    alone = learned(model(is_joint=False), batch(action_weight=0.0))
    assert torch.equal(grounded[0], alone[0])
    assert torch.equal(grounded[1], alone[1])
    assert (grounded[2] != 0).any()


def test_without_joint_grounding_and_weight_no_label_trains_anything() -> None:
    network, data = model(is_joint=False), batch(action_weight=0.0)
    expected = learned(network, data)
    data["action"] = -data["action"]
    for found, wanted in zip(learned(network, data), expected, strict=True):
        assert torch.equal(found, wanted)
    assert (expected[2] == 0).all()


@pytest.mark.parametrize("is_joint", [True, False])
def test_without_a_labelled_row_the_loss_is_reconstruction_and_finite(is_joint: bool) -> None:
    network, data = model(is_joint=is_joint), batch(num_labeled=0)
    loss, parts = network(**data)
    assert loss.item() == pytest.approx(parts["reconstruction"])
    assert parts["action"] == 0
    inverse, forward, decoder = learned(network, data)
    assert torch.isfinite(torch.cat([inverse, forward, decoder])).all()
    assert (decoder == 0).all()


def test_the_forward_model_reads_the_latent_action() -> None:
    network, data = model(), batch()
    latent = encode(network, data)
    assert not torch.equal(predict_change(network, data, latent), predict_change(network, data, latent + 1))


def test_the_bottleneck_adds_its_own_loss() -> None:
    network, data = model(bottleneck=BottleneckConfig(kind="gaussian", kl_weight=7.0)).eval(), batch()
    loss, parts = network(**data)
    own = network.latents(Inputs(features=data["features"])).loss
    assert own.item() > 0
    assert loss.item() == pytest.approx(parts["reconstruction"] + parts["action"] + own.item())


def test_decoded_actions_stay_within_one() -> None:
    decoded = model().decode(torch.randn(1000, 3, generator=torch.Generator().manual_seed(0)) * 1e4)
    assert decoded.abs().max().item() <= 1


def test_only_the_inverse_model_drops_units() -> None:
    network, data = model(dropout=0.5).train(), batch()
    latent = torch.randn(NUM_ROWS, 3)
    assert torch.equal(network.decode(latent), network.decode(latent))
    assert torch.equal(predict_change(network, data, latent), predict_change(network, data, latent))
    assert not torch.equal(encode(network, data), encode(network, data))
    network.eval()
    assert torch.equal(encode(network, data), encode(network, data))


def test_the_action_weight_grows_in_the_warmup_and_acts_in_every_kth_update() -> None:
    config = LatentActionConfig(action_weight=3.0, action_every=2, action_warmup=6)
    assert [config.action_weight_at(step) for step in range(9)] == pytest.approx(
        [0.5, 0, 1.5, 0, 2.5, 0, 3, 0, 3], abs=1e-9
    )


def test_by_default_the_action_weight_is_what_it_is_from_the_first_update() -> None:
    assert {LatentActionConfig(action_weight=0.7).action_weight_at(step) for step in range(5)} == {0.7}


@pytest.mark.parametrize("architecture", ["transformer", "space-time"])
def test_attention_heads_must_share_the_width(architecture: str) -> None:
    with pytest.raises(ConfigError, match="hidden: expected a multiple of num_heads 4, found 10"):
        LatentActionConfig(architecture=architecture, hidden=10)
    LatentActionConfig(hidden=10)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latent_dim", 0),
        ("hidden", 0),
        ("num_layers", 0),
        ("num_heads", 0),
        ("num_steps", 0),
        ("action_every", 0),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("action_weight", -1.0),
        ("action_weight", float("nan")),
        ("action_warmup", -1),
    ],
)
def test_impossible_shapes_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must .*, found {value}"):
        LatentActionConfig(**{name: value})
