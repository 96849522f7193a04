"""The primitives of play: generators of legs, told the scene again whenever a leg is over."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float64

UP = np.array([0.0, 0.0, 1.0])
# Shares of free reaching and of pushing; the rest grasps.
REACH, PUSH = 0.15, 0.12
GAIN = (5.0, 25.0)
NOISE = (0.05, 0.15, 0.3)
# Spread of where the fingers close around the object's point [m].
GRASP_SPREAD = 0.008
# Share of carries that end near the goal, and how far around it [m].
NEAR_GOAL = 0.4
GOAL_SPREAD = 0.08
# An object that follows the hand by this share of its way up is held.
HELD = 0.5
# After this many empty grasps it carries all the same: what cannot be lifted may still be pulled.
NUM_ATTEMPTS = 3

# Walls of a funnel: metres up per metre aside, and how far aside is right above [m].
FUNNEL_SLOPE, FUNNEL_NECK = 5.0, 0.006
# A leg that has not moved the hand for this many periods is given up.
PATIENCE = 3


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that is known where things are [m].

    Attributes:
        hand: of the robot.
        object: to be handled.
        goal: where it belongs.
        others: further points by name, which play does not use.
    """

    hand: Float64[np.ndarray, "3"]
    object: Float64[np.ndarray, "3"]
    goal: Float64[np.ndarray, "3"]
    others: Mapping[str, Float64[np.ndarray, "3"]] = field(default_factory=dict[str, np.ndarray])


@dataclass(frozen=True, kw_only=True)
class Leg:
    """Go somewhere with the gripper open or closed.

    Attributes:
        anchor: what `offset` is added to; an object is followed while it moves.
        offset: (3,) [m].
        is_closed: whether the gripper closes.
        gain: share of full speed per metre to go [1/m].
        noise: standard deviation of the noise, as a share of full speed.
        tolerance: the leg is over within this distance [m]; 0 to stay until `max_steps`.
        max_steps: or after this many control periods.
        funnel: how much higher the target is, at most, while the hand is not above it [m].
    """

    anchor: Literal["world", "object", "goal"]
    offset: Float64[np.ndarray, "3"]
    is_closed: bool
    gain: float
    noise: float
    tolerance: float = 0.02
    max_steps: int = 25
    funnel: float = 0.0

    def target(self, scene: Scene) -> Float64[np.ndarray, "3"]:
        """Where the hand is to be."""
        anchors = {"world": np.zeros(3), "object": scene.object, "goal": scene.goal}
        end = anchors[self.anchor] + self.offset
        aside = float(np.linalg.norm((scene.hand - end)[:2]))
        return end + min(self.funnel, FUNNEL_SLOPE * max(0.0, aside - FUNNEL_NECK)) * UP

    def is_over(self, scene: Scene, *, num_steps: int, num_still: int) -> bool:
        """Whether the next leg is due.

        Args:
            scene: as it is now.
            num_steps: control periods since the leg began.
            num_still: of these, how many the hand has hardly moved for; something is in its way.
        """
        if num_steps >= self.max_steps:
            return True
        distance = float(np.linalg.norm(self.target(scene) - scene.hand))
        return self.tolerance > 0.0 and (distance < self.tolerance or num_still >= PATIENCE)


# Gives legs, is told the scene after each, and gives the last scene back where it ends.
Legs = Generator[Leg, Scene, Scene]


def primitives(scene: Scene, rng: np.random.Generator) -> Legs:
    """Primitives one after another, without end."""
    resting_height = scene.object[2]
    while True:
        kind = rng.random()
        if kind < REACH:
            scene = yield from reach(scene, rng, resting_height)
        elif kind < REACH + PUSH:
            scene = yield from push(scene, rng)
        else:
            scene = yield from grasp(scene, rng)
            for _ in range(rng.integers(1, 4)):
                scene = yield from carry(scene, rng, resting_height)
            if rng.random() < 0.8:
                scene = yield from release(scene, rng)


def reach(scene: Scene, rng: np.random.Generator, floor: float) -> Legs:
    """Go to a random place, hand empty or not."""
    return (yield leg(rng, "world", random_place(scene, rng, floor), is_closed=rng.random() < 0.5))


def push(scene: Scene, rng: np.random.Generator) -> Legs:
    """Stand beside the object and drive through it."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    side = np.array([np.cos(angle), np.sin(angle), 0.0])
    is_closed = rng.random() < 0.7
    height = rng.uniform(0.0, 0.04) * UP
    start = rng.uniform(0.06, 0.1) * side + height
    scene = yield leg(rng, "object", start + 0.1 * UP, is_closed=is_closed)
    scene = yield leg(rng, "object", start, is_closed=is_closed)
    end = scene.object - rng.uniform(0.05, 0.15) * side + height
    return (yield leg(rng, "world", end, is_closed=is_closed))


def grasp(scene: Scene, rng: np.random.Generator) -> Legs:
    """Close the fingers on the object until it follows the hand upwards."""
    for _ in range(NUM_ATTEMPTS):
        offset = np.append(rng.normal(0.0, GRASP_SPREAD, 2), rng.uniform(-0.005, 0.035))
        above = rng.uniform(0.06, 0.2) * UP
        scene = yield leg(rng, "object", offset + above, is_closed=False)
        scene = yield leg(rng, "object", offset, is_closed=False, tolerance=0.012)
        scene = yield leg(rng, "object", offset, is_closed=True, tolerance=0.0, max_steps=_dwell(rng))
        before = scene
        lift = rng.uniform(0.04, 0.15) * UP
        scene = yield leg(rng, "world", scene.hand + lift, is_closed=True)
        if scene.object[2] - before.object[2] > HELD * (scene.hand[2] - before.hand[2]):
            break
    return scene


def carry(scene: Scene, rng: np.random.Generator, floor: float) -> Legs:
    """Take what is in the hand somewhere, often near the goal."""
    if rng.random() < NEAR_GOAL:
        offset = np.append(rng.normal(0.0, GOAL_SPREAD, 2), rng.uniform(-0.02, 0.2))
        return (yield leg(rng, "goal", offset, is_closed=True))
    return (yield leg(rng, "world", random_place(scene, rng, floor), is_closed=True))


def release(scene: Scene, rng: np.random.Generator) -> Legs:
    """Open the fingers and wait."""
    return (yield leg(rng, "world", scene.hand, is_closed=False, tolerance=0.0, max_steps=_dwell(rng)))


def leg(
    rng: np.random.Generator,
    anchor: Literal["world", "object", "goal"],
    offset: np.ndarray,
    *,
    is_closed: bool,
    tolerance: float = 0.02,
    max_steps: int = 25,
) -> Leg:
    """A leg of random speed and noise."""
    return Leg(
        anchor=anchor,
        offset=offset,
        is_closed=is_closed,
        gain=float(np.exp(rng.uniform(*np.log(GAIN)))),
        noise=float(rng.choice(NOISE)),
        tolerance=tolerance,
        max_steps=max_steps,
    )


def random_place(scene: Scene, rng: np.random.Generator, floor: float) -> np.ndarray:
    """A point over the part of the table that object and goal span."""
    low = np.minimum(scene.object, scene.goal)[:2] - 0.1
    high = np.maximum(scene.object, scene.goal)[:2] + 0.1
    return np.append(rng.uniform(low, high), floor + rng.uniform(0.03, 0.3))


def _dwell(rng: np.random.Generator) -> int:
    """Control periods in which fingers open or close."""
    return int(rng.integers(3, 9))
