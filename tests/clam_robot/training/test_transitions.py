"""Transitions computed once are those computed batch by batch."""

from collections.abc import Callable

import numpy as np
import torch

from clam_robot.training.config import TrainConfig
from clam_robot.training.data import TransitionSource, load_training_data
from clam_robot.training.stages import fit_features
from clam_robot.training.transitions import Transitions


def test_every_transition_of_a_source_in_order(tiny: Callable[..., TrainConfig]) -> None:
    config = tiny()
    data = load_training_data(config)
    features = fit_features(data, config)
    for source in data.sources:
        transitions = Transitions.of(source, features)
        everything = source.take(np.arange(len(source)))
        assert torch.equal(transitions.context, features.context(everything.states))
        assert torch.equal(transitions.action, everything.action)
        assert torch.equal(transitions.is_labeled, everything.is_labeled)
        assert not transitions.context.requires_grad


def test_a_large_source_is_gone_through_in_pieces(tiny: Callable[..., TrainConfig]) -> None:
    config = tiny()
    data = load_training_data(config)
    features = fit_features(data, config)

    class Small(TransitionSource):
        def __init__(self, source: TransitionSource) -> None:
            self.batches = lambda: TransitionSource.batches(source, size=5)

    assert data.play is not None
    whole, pieces = Transitions.of(data.play, features), Transitions.of(Small(data.play), features)
    assert torch.equal(pieces.context, whole.context)
    assert torch.equal(pieces.action, whole.action)


def made() -> Transitions:
    number = torch.arange(10.0)
    return Transitions(
        context=number[:, None].repeat(1, 3), action=-number[:, None], is_labeled=torch.arange(10) % 3 == 0
    )


def test_rows_stay_together() -> None:
    taken = made().take(torch.tensor([7, 0, 7]))
    assert taken.context[:, 2].tolist() == [7, 0, 7]
    assert taken.action.flatten().tolist() == [-7, 0, -7]
    assert taken.is_labeled.tolist() == [False, True, False]


def test_the_labelled_ones() -> None:
    assert made().labeled().action.flatten().tolist() == [0, -3, -6, -9]


def test_a_draw_is_random_with_replacement_and_reaches_every_row() -> None:
    drawn = made().draw(np.random.default_rng(0), 200)
    assert len(drawn) == 200
    assert set(drawn.context[:, 0].tolist()) == set(range(10))
    assert torch.equal(drawn.action.flatten(), -drawn.context[:, 0])


def test_one_behind_the_other() -> None:
    joined = Transitions.join([made(), made().labeled()])
    assert len(joined) == 14
    assert joined.context[10:, 0].tolist() == [0, 3, 6, 9]
