"""What the two action losses settle on where the same motion has several actions."""

import pytest
import torch

from clam_robot.models.action_loss import ActionLoss, action_error

# Nine labels of an arm that stood still: six asked for nothing, three pushed down against the table.
LABELS = torch.tensor([0.0] * 6 + [-1.0] * 3)[:, None]


def best(loss: ActionLoss) -> float:
    candidates = torch.linspace(-1, 1, 401)
    errors = [action_error(torch.full_like(LABELS, float(c)), LABELS, loss).item() for c in candidates]
    return float(candidates[errors.index(min(errors))])


def test_l1_settles_on_the_usual_action_and_mse_on_the_mean() -> None:
    assert best("l1") == pytest.approx(0.0, abs=0.02)
    assert best("mse") == pytest.approx(-1 / 3, abs=0.01)


@pytest.mark.parametrize("loss", ["l1", "mse"])
def test_there_is_no_error_where_actions_are_equal(loss: ActionLoss) -> None:
    assert action_error(LABELS, LABELS, loss).item() == 0.0
