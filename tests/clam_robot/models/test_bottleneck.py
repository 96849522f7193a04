"""Bottlenecks: what passes, what is sampled, and that a gradient comes back."""

from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from clam_robot.errors import ConfigError
from clam_robot.models.bottleneck import Bottleneck, BottleneckConfig, Kind

KINDS = get_args(Kind)
DISCRETE = ("vq", "residual-vq", "fsq")
CODEBOOK_SIZE = 64
# Codebooks of each kind, and codes in each.
CODES = {"vq": (1, 64), "residual-vq": (2, 8), "fsq": (1, 64)}
LATENT = 4


def bottleneck(kind: str, **changes: Any) -> Bottleneck:  # noqa: ANN401
    torch.manual_seed(0)
    return Bottleneck(LATENT, BottleneckConfig(kind=kind, codebook_size=CODEBOOK_SIZE, **changes))


def inferred(made: Bottleneck, num_rows: int = 50, seed: int = 1) -> Tensor:
    return torch.randn(num_rows, 2, made.num_inputs, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_training", [True, False])
def test_latents_of_the_right_size_and_a_finite_loss(kind: str, is_training: bool) -> None:
    made = bottleneck(kind).train(is_training)
    latents = made(inferred(made))
    assert latents.z.shape == (50, 2, LATENT)
    assert latents.loss.shape == ()
    assert torch.isfinite(latents.loss)
    assert torch.isfinite(latents.z).all()
    assert (latents.codes is None) == (kind not in DISCRETE)


@pytest.mark.parametrize("kind", KINDS)
def test_in_evaluation_the_same_is_always_answered_and_nothing_moves(kind: str) -> None:
    made = bottleneck(kind)
    made(inferred(made, seed=5))
    made.eval()
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    first = made(inferred(made))
    made(inferred(made, seed=7))
    torch.manual_seed(9)
    second = made(inferred(made))
    assert torch.equal(first.z, second.z)
    assert first.codes is None or second.codes is None or torch.equal(first.codes, second.codes)
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.state_dict().items())


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_does_not_depend_on_the_others(kind: str) -> None:
    made = bottleneck(kind).eval()
    rows = inferred(made)
    torch.testing.assert_close(made(rows[3:5]).z, made(rows).z[3:5])


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_comes_back_through_it(kind: str) -> None:
    made = bottleneck(kind).train()
    rows = inferred(made).requires_grad_()
    made(rows).z.square().sum().backward()
    assert rows.grad is not None
    assert (rows.grad[..., :LATENT] != 0).any(-1).float().mean() > 0.9


@pytest.mark.parametrize("kind", DISCRETE)
def test_codes_are_in_range_and_say_all_that_the_latents_do(kind: str) -> None:
    made = bottleneck(kind).eval()
    latents = made(inferred(made, num_rows=500) * 3)
    num_codebooks, size = CODES[kind]
    assert latents.codes is not None
    assert latents.codes.shape == (500, 2, num_codebooks)
    assert latents.codes.min() >= 0
    assert latents.codes.max() < size
    codes, z = latents.codes.flatten(0, 1), latents.z.flatten(0, 1)
    assert len(codes.unique(dim=0)) > 4
    for code in codes.unique(dim=0)[:10]:
        same = z[(codes == code).all(-1)]
        torch.testing.assert_close(same, same[:1].expand_as(same))


def test_a_codebook_follows_what_it_sees() -> None:
    made = bottleneck("vq").train()
    rows = inferred(made) + 5
    before = (made.eval()(rows).z - rows).square().mean()
    made.train()
    for _ in range(20):
        made(rows)
    assert (made.eval()(rows).z - rows).square().mean() < 0.5 * before


def test_commitment_is_weighted() -> None:
    light, heavy = (bottleneck("vq", commitment_weight=weight).train() for weight in (0.5, 2.0))
    rows = inferred(light)
    torch.testing.assert_close(heavy(rows).loss, 4 * light(rows).loss)


def test_continuous_latents_are_what_was_inferred() -> None:
    made = bottleneck("continuous")
    rows = inferred(made)
    assert torch.equal(made(rows).z, rows)
    assert made(rows).loss == 0


def test_a_gaussian_is_sampled_in_training_alone() -> None:
    made = bottleneck("gaussian")
    rows = inferred(made, num_rows=20_000)
    rows[:] = torch.tensor([1.0, 2.0, 3.0, 4.0, 0.0, 0.0, -2.0, -2.0])
    assert torch.equal(made.eval()(rows).z, rows[..., :LATENT])
    z = made.train()(rows).z
    assert not torch.equal(made(rows).z, z)
    torch.testing.assert_close(z.mean((0, 1)), rows[0, 0, :LATENT], rtol=0, atol=0.03)
    torch.testing.assert_close(z.flatten(0, 1).std(0), (0.5 * rows[0, 0, LATENT:]).exp(), rtol=0.03, atol=0)


def test_the_divergence_of_a_gaussian_is_that_from_a_standard_normal() -> None:
    made = bottleneck("gaussian", kl_weight=3.0).eval()
    rows = inferred(made)
    mean, std = rows[..., :LATENT], (0.5 * rows[..., LATENT:]).exp()
    posterior, prior = torch.distributions.Normal(mean, std), torch.distributions.Normal(0.0, 1.0)
    expected = torch.distributions.kl_divergence(posterior, prior).sum(-1).mean()
    torch.testing.assert_close(made(rows).loss, 3 * expected)
    rows[:] = 0
    assert made(rows).loss == 0


def test_an_extreme_variance_stays_finite() -> None:
    made = bottleneck("gaussian").train()
    for value in (-1e6, 1e6):
        rows = inferred(made)
        rows[..., LATENT:] = value
        latents = made(rows)
        assert torch.isfinite(latents.z).all() and torch.isfinite(latents.loss)


def test_what_a_codebook_has_learned_is_among_the_weights() -> None:
    for kind in ("vq", "residual-vq"):
        made, fresh = bottleneck(kind).train(), bottleneck(kind)
        for _ in range(5):
            made(inferred(made) + 2)
        rows = inferred(made)
        assert not torch.equal(fresh.eval()(rows).z, made.eval()(rows).z)
        fresh.load_state_dict(made.state_dict())
        assert torch.equal(fresh.eval()(rows).z, made.eval()(rows).z)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "fsq", "codebook_size": 100}, "codebook_size: fsq has 64, 128, 256, 1024, found 100"),
        ({"kind": "vq", "codebook_size": 1}, "codebook_size must be at least 2, found 1"),
        ({"kl_weight": -1.0}, "kl_weight must not be negative, found -1.0"),
        ({"commitment_weight": float("nan")}, "commitment_weight must not be negative, found nan"),
    ],
)
def test_impossible_bottlenecks_are_refused_by_name(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        BottleneckConfig(**settings)
