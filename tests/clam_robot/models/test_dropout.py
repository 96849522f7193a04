"""Dropout: the rate it is given, and nothing outside training."""

import pytest
import torch

from clam_robot.models.dropout import Dropout


def dropped(rate: float, shape: tuple[int, ...] = (1000, 257)) -> torch.Tensor:
    torch.manual_seed(0)
    return Dropout(rate)(torch.ones(shape))


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.9])
def test_share_of_zeros_is_the_rate_and_the_mean_is_kept(rate: float) -> None:
    result = dropped(rate)
    assert (result == 0).float().mean().item() == pytest.approx(rate, abs=0.005)
    assert result.mean().item() == pytest.approx(1, abs=0.03)
    assert len(result.unique()) == 2


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 257])
def test_units_are_dropped_independently(lag: int) -> None:
    zeros = (dropped(0.3) == 0).flatten().float()
    assert torch.corrcoef(torch.stack([zeros[:-lag], zeros[lag:]]))[0, 1].abs().item() < 0.01


def test_masks_are_drawn_anew_and_follow_the_seed() -> None:
    dropout, x = Dropout(0.5), torch.ones(10, 10)
    torch.manual_seed(1)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(1)
    assert torch.equal(dropout(x), first)
    assert not torch.equal(first, second)


def test_gradients_pass_where_the_units_do() -> None:
    x = torch.full((8, 9), 2.0, requires_grad=True)
    y = Dropout(0.5)(x)
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad * 2, y)


def test_nothing_is_dropped_outside_training_or_at_rate_zero() -> None:
    x = torch.randn(8, 9)
    assert torch.equal(Dropout(0.9).eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)
