"""Each primitive does what it is called, on a hand that goes where it is told at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from sim.primitives import FUNNEL_NECK, NUM_ATTEMPTS, UP, Leg, Legs, Scene, carry, grasp, push, reach, release

OBJECT, GOAL = np.array([0.1, 0.6, 0.02]), np.array([-0.1, 0.8, 0.1])
SEEDS = range(20)


def _scene() -> Scene:
    return Scene(hand=np.array([0.0, 0.6, 0.3]), object=OBJECT, goal=GOAL)


def _follow(legs: Legs, *, sticks: bool) -> Iterator[tuple[Leg, Scene]]:
    """Every leg and where the hand is after it; the object sticks to a closed hand that touches it, or never."""
    scene = _scene()
    leg = next(legs)
    while True:
        hand = leg.target(scene)
        touches = sticks and leg.is_closed and np.linalg.norm(scene.hand - scene.object) < 0.05
        scene = Scene(hand=hand, object=scene.object + (hand - scene.hand if touches else 0.0), goal=scene.goal)
        yield leg, scene
        try:
            leg = legs.send(scene)
        except StopIteration:
            return


def _run(make: Callable[[np.random.Generator], Legs], seed: int, *, sticks: bool = False) -> list[tuple[Leg, Scene]]:
    return list(_follow(make(np.random.default_rng(seed)), sticks=sticks))


@pytest.mark.parametrize("seed", SEEDS)
def test_grasp_ends_as_soon_as_the_object_follows(seed: int) -> None:
    steps = _run(lambda rng: grasp(_scene(), rng), seed, sticks=True)
    assert [leg.is_closed for leg, _ in steps] == [False, False, True, True]
    assert steps[-1][1].object[2] > OBJECT[2] + 0.03


@pytest.mark.parametrize("seed", SEEDS)
def test_grasp_tries_again_elsewhere_while_the_hand_is_empty(seed: int) -> None:
    steps = _run(lambda rng: grasp(_scene(), rng), seed, sticks=False)
    assert len(steps) == 4 * NUM_ATTEMPTS
    touches = [leg.offset[:2] for leg, _ in steps[1::4]]
    assert len({tuple(offset) for offset in touches}) == NUM_ATTEMPTS
    assert all(np.linalg.norm(offset) < 0.05 for offset in touches)


def test_approach_follows_an_object_that_moves() -> None:
    leg = next(grasp(_scene(), np.random.default_rng(0)))
    moved = Scene(hand=np.zeros(3), object=OBJECT + 0.1, goal=GOAL)
    np.testing.assert_allclose(leg.target(moved) - leg.target(_scene()), 0.1)


def test_fingers_get_three_to_eight_periods_to_close() -> None:
    lengths = {_run(lambda rng: grasp(_scene(), rng), seed, sticks=True)[2][0].max_steps for seed in range(60)}
    assert lengths == {3, 4, 5, 6, 7, 8}


@pytest.mark.parametrize("seed", SEEDS)
def test_push_drives_through_the_object_to_its_other_side(seed: int) -> None:
    steps = _run(lambda rng: push(_scene(), rng), seed)
    start, end = steps[-2][1].hand[:2] - OBJECT[:2], steps[-1][1].hand[:2] - OBJECT[:2]
    assert np.dot(start, end) < 0
    assert np.cross(np.append(start, 0), np.append(end, 0))[2] == pytest.approx(0, abs=1e-9)


def test_carries_go_near_the_goal_and_elsewhere_with_closed_fingers() -> None:
    steps = [_run(lambda rng: carry(_scene(), rng, 0.02), seed)[0] for seed in range(100)]
    assert 25 < sum(leg.anchor == "goal" for leg, _ in steps) < 55
    assert all(leg.is_closed for leg, _ in steps)


def test_places_stay_over_the_table_around_object_and_goal() -> None:
    places = np.stack([_run(lambda rng: reach(_scene(), rng, 0.02), seed)[0][1].hand for seed in range(100)])
    assert (places.min(axis=0) > [-0.2, 0.5, 0.05]).all()
    assert (places.max(axis=0) < [0.2, 0.9, 0.32]).all()


def test_release_opens_and_stays() -> None:
    ((leg, scene),) = _run(lambda rng: release(_scene(), rng), 0)
    assert not leg.is_closed
    np.testing.assert_array_equal(scene.hand, _scene().hand)


@pytest.mark.parametrize(
    ("distance", "num_steps", "num_still", "is_over"),
    [(0.03, 5, 2, False), (0.01, 5, 0, True), (0.03, 25, 0, True), (0.03, 5, 3, True)],
)
def test_legs_end_on_arrival_on_an_obstacle_or_when_they_take_too_long(
    distance: float, num_steps: int, num_still: int, is_over: bool
) -> None:
    scene = _scene()
    target = scene.hand + np.array([distance, 0.0, 0.0])
    leg = Leg(anchor="world", offset=target, is_closed=False, gain=1.0, noise=0.0, tolerance=0.02)
    assert leg.is_over(scene, num_steps=num_steps, num_still=num_still) == is_over


def test_staying_goes_on_for_as_long_as_it_is_meant_to() -> None:
    legs = release(_scene(), np.random.default_rng(0))
    leg = next(legs)
    assert not leg.is_over(_scene(), num_steps=leg.max_steps - 1, num_still=leg.max_steps - 1)
    assert leg.is_over(_scene(), num_steps=leg.max_steps, num_still=leg.max_steps)


@pytest.mark.parametrize(("aside", "higher"), [(0.05, 0.06), (FUNNEL_NECK + 0.004, 0.02), (0.003, 0.0)])
def test_a_hand_that_is_not_above_its_target_stays_higher(aside: float, higher: float) -> None:
    leg = Leg(anchor="object", offset=0.002 * UP, is_closed=False, gain=1.0, noise=0.0, funnel=0.06)
    scene = _scene()
    beside = replace(scene, hand=scene.object + np.array([0.0, -aside, 0.1]))
    np.testing.assert_allclose(leg.target(beside) - scene.object, (0.002 + higher) * UP, atol=1e-9)
