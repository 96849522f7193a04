"""How often MetaWorld's scripted experts solve their tasks within the horizon, and how long they take.

.venv/bin/python tests/benchmarks/scripted_experts.py [--tasks assembly door-open] [--gripper continuous]
"""

import argparse
import time

import numpy as np

from clam_robot.timing import ManualClock
from sim.experts import ScriptedExpert
from sim.metaworld_tasks import TASKS
from sim.registry import make_robot


def first_successes(task: str, gripper: str, noise: float, num_scenes: int) -> tuple[list[int], float]:
    """Control periods until success of each episode that has one, and control periods per second."""
    robot = make_robot(f"metaworld:{task}", ManualClock(), gripper=gripper)
    robot.connect()
    expert = ScriptedExpert(robot, noise=noise)
    successes, num_steps, begun = [], 0, time.perf_counter()
    for scene in range(num_scenes):
        robot.reset(scene)
        expert.reset()
        status = robot.task_status()
        while not (status.success or status.is_over):
            robot.send_action(expert.infer(robot.get_observation()).actions[0])
            status = robot.task_status()
        num_steps += status.num_steps
        if status.success:
            successes.append(status.num_steps)
    return successes, num_steps / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=TASKS)
    parser.add_argument("--gripper", default="binary")
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--num-scenes", type=int, default=20)
    options = parser.parse_args()
    print(f"{'task':27} {'solved':>7} {'median periods':>15} {'periods/s':>10}")
    for task in options.tasks:
        successes, speed = first_successes(task, options.gripper, options.noise, options.num_scenes)
        median = f"{np.median(successes):.0f}" if successes else "-"
        print(f"{task:27} {len(successes):3}/{options.num_scenes:3} {median:>15} {speed:10.0f}", flush=True)


if __name__ == "__main__":
    main()
