"""How the tasks on the WidowX's table are done, as legs of a hand that looks down."""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from clam_robot.specs import RobotSpec
from sim.play import PlayPolicy
from sim.primitives import UP, Leg, Legs, Scene

_TIPS = 0.0135 * UP  # from the finger tips up to the tool's frame, with the hand looking down [m]
# A hand beside the block stays above it, the more so the further it is aside. The arm overshoots a little, over a bus
# more than in lock step, and a policy that sees one state at a time can learn to wait only where the state says so [m].
_FUNNEL = 0.06
# Slow enough not to overshoot what the arm does a tenth of a second later [1/m].
_CALM = 14.0
_GAIN = 18.0  # share of full speed per metre to go [1/m]


def expert_policy(spec: RobotSpec, task: str, *, noise: float, seed: int) -> PlayPolicy:
    """Does the task from the points in the state.

    Args:
        spec: of the robot.
        task: one of `widowx_tasks.TASKS`.
        noise: standard deviation of its motion's noise, as a share of full speed.
        seed: of the noise.
    """

    def legs(scene: Scene, rng: np.random.Generator) -> Legs:
        return EXPERTS[task](scene, noise)

    return PlayPolicy(spec, seed, legs=legs, reversal_rate=0.0)


def reach_block(scene: Scene, noise: float) -> Legs:
    """Take the block and lift it."""
    scene = yield from _pick(scene, noise)
    return (yield from _stay(scene.hand, noise, is_closed=True))


def push_button(scene: Scene, noise: float) -> Legs:
    """Press the cap with closed fingers, whose tips are a little beyond the tool's frame."""
    yield _leg("object", 0.05 * UP, noise, is_closed=True)
    while True:
        yield _leg("goal", _TIPS + 0.002 * UP, noise, is_closed=True, tolerance=0.0, max_steps=10)


def close_microwave(scene: Scene, noise: float) -> Legs:
    """Go round the open door and push its free edge to where it shuts."""
    to_shut = scene.goal - scene.object
    along = to_shut / np.linalg.norm(to_shut)
    behind = scene.object - 0.06 * along
    yield _leg("world", np.append(scene.hand[:2] * 0.5 + behind[:2] * 0.5, 0.2), noise, is_closed=True)
    scene = yield _leg("world", np.append(behind[:2], 0.2), noise, is_closed=True)
    scene = yield _leg("world", np.append(behind[:2], 0.08), noise, is_closed=True, tolerance=0.015)
    while True:
        ahead = scene.object + 0.06 * (scene.goal - scene.object) / max(0.06, float(np.linalg.norm(to_shut)))
        scene = yield _leg("world", np.append(ahead[:2], 0.08), noise, is_closed=True, max_steps=3)


def pot_slide(scene: Scene, noise: float) -> Legs:
    """Put the block into the pot, then push the pot to its place from behind."""
    scene = yield from _pick(scene, noise)
    pot = scene.others["pot"]
    scene = yield _leg("world", pot + 0.11 * UP, noise, is_closed=True)
    scene = yield _leg("world", pot + 0.06 * UP, noise, is_closed=True)
    scene = yield _leg("world", pot + 0.06 * UP, noise, is_closed=False, tolerance=0.0, max_steps=6)
    scene = yield _leg("world", pot + 0.12 * UP, noise, is_closed=False)
    way = scene.goal[:2] - scene.others["pot"][:2]
    behind = scene.others["pot"][:2] - 0.085 * way / np.linalg.norm(way)
    scene = yield _leg("world", np.append(behind, 0.12), noise, is_closed=True)
    scene = yield _leg("world", np.append(behind, 0.03), noise, is_closed=True, tolerance=0.012)
    while True:
        left = scene.goal[:2] - scene.others["pot"][:2]
        ahead = scene.hand[:2] + left * min(1.0, 0.03 / max(1e-6, float(np.linalg.norm(left))))
        scene = yield _leg("world", np.append(ahead, 0.03), noise, is_closed=True, tolerance=0.004, max_steps=3)


EXPERTS: Mapping[str, Callable[[Scene, float], Legs]] = {
    "reach-block": reach_block,
    "push-button": push_button,
    "close-microwave": close_microwave,
    "pot-slide": pot_slide,
}


def _pick(scene: Scene, noise: float) -> Legs:
    """Grasp the object and lift it, once more where it was lost."""
    while True:
        floor = scene.object[2]
        yield _leg(
            "object", 0.002 * UP, noise, is_closed=False, tolerance=0.012, funnel=_FUNNEL, gain=_CALM, max_steps=40
        )
        scene = yield _leg("object", 0.002 * UP, noise, is_closed=True, tolerance=0.0, max_steps=7)
        scene = yield _leg("world", scene.hand + 0.09 * UP, noise, is_closed=True)
        if scene.object[2] > floor + 0.02:
            return scene


def _stay(where: np.ndarray, noise: float, *, is_closed: bool) -> Legs:
    while True:
        yield _leg("world", where, noise, is_closed=is_closed, tolerance=0.0)


def _leg(
    anchor: Literal["world", "object", "goal"],
    offset: np.ndarray,
    noise: float,
    *,
    is_closed: bool,
    tolerance: float = 0.02,
    max_steps: int = 25,
    funnel: float = 0.0,
    gain: float = _GAIN,
) -> Leg:
    return Leg(
        anchor=anchor,
        offset=offset,
        is_closed=is_closed,
        gain=gain,
        noise=noise,
        tolerance=tolerance,
        max_steps=max_steps,
        funnel=funnel,
    )
