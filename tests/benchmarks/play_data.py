"""What play consists of and how fast it is recorded on one core.

    .venv/bin/python tests/benchmarks/play_data.py [--tasks assembly] [--num-episodes 100]

Solved: episodes that solve the task by chance, which recording discards. Held: steps in which the object is lifted off
its place beside the hand. Dragged: further steps in which it moves along with the hand.
"""

import argparse
import time

import numpy as np

from clam_robot.timing import ManualClock
from sim.base import SimulatedRobot
from sim.play import PlayPolicy
from sim.registry import make_robot

TASKS = ("assembly", "peg-insert-side", "bin-picking", "shelf-place")
LIFTED, BESIDE = 0.015, 0.12  # [m]
MOVING, ALONG = 0.002, 0.3  # [m] per period, share of the hand's motion


def play(robot: SimulatedRobot, policy: PlayPolicy, scene: int) -> tuple[np.ndarray, bool]:
    """States (T, S) of one episode, and whether it was ever solved."""
    robot.reset(scene)
    policy.reset()
    states, is_solved = [], False
    while not robot.task_status().is_over:
        observation = robot.get_observation()
        robot.send_action(policy.infer(observation).actions[0])
        states.append(observation.state)
        is_solved |= robot.task_status().success
    return np.stack(states), is_solved


def contact(states: np.ndarray, robot: SimulatedRobot) -> tuple[np.ndarray, np.ndarray]:
    """For each step whether the object is held, and whether it is dragged."""
    hand, thing = (states[:, robot.spec.state.points[name]] for name in ("hand", "object"))
    is_beside = np.linalg.norm(hand - thing, axis=1) < BESIDE
    is_held = is_beside & (thing[:, 2] - thing[0, 2] > LIFTED)
    hand_step, thing_step = np.diff(hand, axis=0), np.diff(thing, axis=0)
    distance = np.linalg.norm(hand_step, axis=1)
    goes_along = (distance > MOVING) & (np.linalg.norm(thing_step - hand_step, axis=1) < ALONG * distance)
    return is_held, np.append(goes_along, False) & ~is_held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=TASKS)
    parser.add_argument("--num-episodes", type=int, default=100)
    options = parser.parse_args()
    num = options.num_episodes
    print(f"{'task':18} {'solved':>9} {'held':>6} {'dragged':>8} {'episodes that held':>19} {'episodes/min':>13}")
    for task in options.tasks:
        robot = make_robot(f"metaworld:{task}", ManualClock())
        robot.connect()
        policy, begun = PlayPolicy(robot.spec), time.perf_counter()
        episodes = [play(robot, policy, scene) for scene in range(num)]
        speed = 60 * num / (time.perf_counter() - begun)
        num_solved = sum(is_solved for _, is_solved in episodes)
        held, dragged = (np.stack(rows) for rows in zip(*(contact(s, robot) for s, _ in episodes), strict=True))
        print(
            f"{task:18} {num_solved:4}/{num:4} {held.mean():6.2f} {dragged.mean():8.2f} "
            f"{held.any(axis=1).mean():19.2f} {speed:13.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
