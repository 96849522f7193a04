"""Measures of latent actions say what they claim, on latents made for the purpose."""

import dataclasses

import numpy as np
import pytest
import torch

from clam_robot import config
from clam_robot.testing.fakes import fake_spec
from clam_robot.training.config import TrainConfig
from clam_robot.training.diagnostics import Diagnostics, effective_rank
from clam_robot.training.linear_probe import linear_probe_r2
from clam_robot.training.run import DIAGNOSTICS, run_training
from tests.clam_robot.training.conftest import Heard


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def test_a_linear_map_is_found_and_noise_is_not() -> None:
    x, test_x, weights = random(500, 4), random(300, 4, seed=1), random(4, 3, seed=2)
    assert linear_probe_r2(x, x @ weights, test_x, test_x @ weights) == pytest.approx(1.0, abs=1e-3)
    assert linear_probe_r2(x, random(500, 3, seed=3), test_x, random(300, 3, seed=4)) == pytest.approx(0.0, abs=0.1)


def test_half_the_variance_is_half_explained() -> None:
    x, test_x = random(4000, 2), random(4000, 2, seed=1)
    y, test_y = (inputs.sum(1, keepdim=True) + 2**0.5 * random(4000, 1, seed=k) for k, inputs in ((2, x), (3, test_x)))
    assert linear_probe_r2(x, y, test_x, test_y) == pytest.approx(0.5, abs=0.05)


def test_what_never_changes_is_not_judged() -> None:
    x, y = random(50, 2), torch.cat([random(50, 1, seed=1), torch.ones(50, 1)], dim=1)
    assert np.isfinite(linear_probe_r2(x, y, x, y))
    assert np.isnan(linear_probe_r2(x, torch.ones(50, 1), x, torch.ones(50, 1)))


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_rank_counts_the_dimensions_in_use(rank: int) -> None:
    basis = torch.linalg.qr(random(8, 8, seed=1)).Q[:, :rank]
    assert effective_rank(random(5000, rank) @ basis.T) == pytest.approx(rank, rel=0.02)


def test_a_run_with_play_to_spare_leaves_its_measures(tiny, tmp_path) -> None:  # noqa: ANN001 - fixtures of this folder
    settings: TrainConfig = tiny(num_labeled=3)
    run_training(settings, tmp_path, Heard())
    measures = config.load(Diagnostics, tmp_path / DIAGNOSTICS)
    assert measures.action_names == fake_spec().action.names
    assert len(measures.action_error) == 3
    assert 1.0 <= measures.effective_rank <= settings.latent.latent_dim
    assert set(measures.reconstruction) == {"reconstruction"}
    assert all(np.isfinite(value) for value in measures.scalars().values())
    board = b"".join(path.read_bytes() for path in (tmp_path / "tensorboard").iterdir())
    assert b"diagnostics/probe_r2" in board
    assert all(f"diagnostics/action_error_{name}".encode() in board for name in fake_spec().action.names)


def test_without_play_to_spare_there_is_nothing_to_judge_by(tiny, tmp_path) -> None:  # noqa: ANN001
    everything = dataclasses.replace(tiny(), num_labeled=8)
    run_training(everything, tmp_path, Heard())
    assert not (tmp_path / DIAGNOSTICS).exists()
