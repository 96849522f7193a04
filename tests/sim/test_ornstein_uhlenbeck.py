"""Smooth noise has the strength and the memory it was asked for."""

import numpy as np
import pytest

from sim.ornstein_uhlenbeck import OrnsteinUhlenbeck


@pytest.mark.parametrize(("std", "correlation"), [(0.5, 0.0), (1.0, 0.9), (0.2, 0.5)])
def test_strength_and_memory(std: float, correlation: float) -> None:
    noise = OrnsteinUhlenbeck(50, np.random.default_rng(0))
    values = np.stack([noise.step(std=std, correlation=correlation) for _ in range(1000)])
    assert values.std() == pytest.approx(std, rel=0.05)
    assert (values[1:] * values[:-1]).mean() / values.var() == pytest.approx(correlation, abs=0.03)


def test_strength_may_change_from_step_to_step() -> None:
    noise = OrnsteinUhlenbeck(4, np.random.default_rng(0))
    noise.step(std=1.0, correlation=0.5)
    assert (noise.step(std=0.0, correlation=0.5) == 0.0).all()
