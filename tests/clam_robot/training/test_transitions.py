"""Transitions computed once are those computed batch by batch, and rows stay together."""

from collections.abc import Callable

import pytest
import torch

from clam_robot.models.window_layout import WindowLayout
from clam_robot.training.config import TrainConfig
from clam_robot.training.data import TransitionSource, load_training_data
from clam_robot.training.film import Film
from clam_robot.training.stages import fit_features
from clam_robot.training.transitions import Transitions

CPU = torch.device("cpu")
LAYOUT = WindowLayout(past=2, future=1, num_present=2, num_change=1, num_grippers=0)


def test_every_transition_of_a_source_in_order(tiny: Callable[..., TrainConfig]) -> None:
    config = tiny()
    data = load_training_data(config)
    features = fit_features(data, config, CPU)
    for source in data.sources:
        transitions = Transitions.of(source, features)
        assert len(transitions) == len(source)
        assert torch.equal(transitions.context, features.context(source.states))
        assert torch.equal(transitions.action, source.action)
        assert torch.equal(transitions.is_labeled, source.is_labeled)
        assert torch.equal(transitions.last, source.last)
        assert not transitions.context.requires_grad


def test_a_large_source_is_gone_through_in_pieces(tiny: Callable[..., TrainConfig]) -> None:
    config = tiny()
    data = load_training_data(config)
    features = fit_features(data, config, CPU)
    num_copies = 100

    class Large(TransitionSource):
        def __init__(self, source: TransitionSource) -> None:
            self.states = source.states.repeat(num_copies, 1, 1)
            self.action = source.action.repeat(num_copies, 1)
            self.is_labeled, self.last = source.is_labeled.repeat(num_copies), source.last.repeat(num_copies)
            self.film = None

    assert data.play is not None
    large = Transitions.of(Large(data.play), features).context
    assert len(large) > 4096
    torch.testing.assert_close(large, Transitions.of(data.play, features).context.repeat(num_copies, 1))


def made(*, is_filmed: bool = False) -> Transitions:
    """Ten transitions whose every feature tells their number, and hundreds where in the window it lies."""
    number = torch.arange(10.0)
    frames = torch.arange(13, dtype=torch.uint8)[:, None, None, None].repeat(1, 3, 16, 16)
    rows = torch.arange(10)[:, None] + torch.arange(4)
    return Transitions(
        layout=LAYOUT,
        context=number[:, None] + 100 * torch.arange(LAYOUT.num_context),
        action=-number[:, None],
        is_labeled=torch.arange(10) % 3 == 0,
        last=torch.full((10,), 9),
        film=Film(frames=frames, rows=rows) if is_filmed else None,
    )


def test_windows_are_whole() -> None:
    indices = torch.tensor([7, 0, 7])
    taken = made().windows(indices)
    assert torch.equal(taken.features, made().context[indices])
    assert taken.frames is None


def test_the_frames_of_windows_stay_beside_their_features() -> None:
    taken = made(is_filmed=True).windows(torch.tensor([7, 0, 7]))
    assert taken.frames is not None
    assert taken.frames[:, :, 0, 0, 0].tolist() == [[7, 8, 9, 10], [0, 1, 2, 3], [7, 8, 9, 10]]


@pytest.mark.parametrize("history", [0, 1, 2])
def test_a_policy_sees_the_present_and_its_history_and_nothing_later(history: int) -> None:
    seen = made(is_filmed=True).seen(torch.tensor([5, 1]), history)
    there = {0: [0, 100], 1: [0, 100, 300], 2: [0, 100, 200, 300]}[history]
    assert seen.features.tolist() == [[5 + where for where in there], [1 + where for where in there]]
    assert seen.frames is not None
    assert seen.frames[:, :, 1, 2, 3].tolist() == [
        list(range(7 - history, 8)),
        list(range(3 - history, 4)),
    ]


def test_the_labelled_ones() -> None:
    assert made().labeled().tolist() == [0, 3, 6, 9]
