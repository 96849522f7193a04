import dataclasses

import numpy as np
import pytest

from clam_robot.review.episode_facts import CameraFacts, EpisodeFacts
from clam_robot.review.suspicion import Suspicion
from clam_robot.specs import CameraSpec, GripperSpec, RobotSpec, VectorSpec

SPEC = RobotSpec(
    name="made",
    state=VectorSpec(names=("x", "y"), units=("m", "m"), low=(-1.0,) * 2, high=(1.0,) * 2),
    action=VectorSpec(names=("dx", "grip"), units=("m", "1"), low=(-np.inf, 0.0), high=(np.inf, 1.0)),
    control_hz=10.0,
    cameras={"front": CameraSpec(height=4, width=4)},
    gripper=GripperSpec(action="grip", mode="binary", closes="below", threshold=0.5),
)
CAMERA = CameraFacts(brightness=100.0, num_distinct=11, num_sampled=12, longest_stall=0.1, max_skew=0.05)


def _actions(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.uniform(-0.1, 0.1, 99), np.arange(99) > 40], axis=1).astype(np.float32)


def _facts(seed: int = 0) -> EpisodeFacts:
    return EpisodeFacts(
        name="episode",
        task="reach",
        source="play",
        success=None,
        end="horizon",
        length=100,
        seconds=9.9,
        hz=10.0,
        num_dropped=0,
        num_labeled=99,
        num_limited=0,
        num_held=0,
        cameras={"front": CAMERA},
        state_low=np.full(2, -0.5, np.float32),
        state_high=np.full(2, 0.5, np.float32),
        actions=_actions(seed),
    )


ORDINARY = [_facts(seed) for seed in range(8)]


def _camera(**changes: float | int | None) -> dict[str, object]:
    return {"cameras": {"front": dataclasses.replace(CAMERA, **changes)}}


def _jumping() -> np.ndarray:
    actions = _actions(9)
    actions[50, 0] = 0.9
    return actions


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"length": 29}, "short: 29 steps, the median is 100"),
        ({"length": 301}, "long: 301 steps, the median is 100"),
        ({"hz": 8.9}, "slow: 8.9 Hz of 10 Hz"),
        ({"num_dropped": 3}, "3 steps lost in recording"),
        ({"num_limited": 21}, "21 % of steps changed by the safety limiter"),
        ({"num_held": 30}, "30 % of steps without a fresh action"),
        (_camera(num_distinct=0), "camera front is frozen"),
        (_camera(longest_stall=0.6), "camera front sent nothing new for 0.6 s"),
        (_camera(brightness=12.0), "camera front is dark: brightness 12 of 255"),
        (_camera(brightness=250.0), "camera front is overexposed: brightness 250 of 255"),
        (_camera(max_skew=0.4), "camera front: pictures up to 0.40 s away from their step"),
        ({"state_low": np.full(2, 0.48, np.float32)}, "nothing moves"),
        ({"actions": _actions(9) * np.float32([1, 0])}, "the gripper never moves"),
        ({"actions": _jumping()}, "action dx jumps to 0.9 m, 1 such steps"),
    ],
)
def test_what_is_out_of_the_ordinary_is_named(changes: dict[str, object], reason: str) -> None:
    odd = dataclasses.replace(_facts(), **changes)
    suspicion = Suspicion(SPEC, [*ORDINARY, odd])
    assert suspicion.reasons(odd) == (reason,)
    assert all(suspicion.reasons(facts) == () for facts in ORDINARY)


def test_a_gripper_that_few_episodes_move_is_no_reason() -> None:
    still = [dataclasses.replace(facts, actions=facts.actions * np.float32([1, 0])) for facts in ORDINARY]
    assert Suspicion(SPEC, still).reasons(still[0]) == ()


def test_episodes_without_labels_are_judged_by_the_rest() -> None:
    bare = [dataclasses.replace(facts, actions=facts.actions[:0], num_labeled=0) for facts in ORDINARY]
    assert Suspicion(SPEC, bare).reasons(bare[0]) == ()
