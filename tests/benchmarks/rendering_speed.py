"""Pictures per second, by camera and size.

.venv/bin/python tests/benchmarks/rendering_speed.py [--num-pictures 50]
"""

import argparse
import time

import numpy as np

from clam_robot.timing import ManualClock
from sim.base import SimulatedRobot
from sim.registry import make_robot

CASES = (
    ("metaworld:assembly", "corner2", 64, 64),
    ("metaworld:assembly", "corner2", 224, 224),
    ("metaworld:assembly", "gripperPOV", 224, 224),
    ("metaworld:assembly", "corner2", 480, 640),
    ("dmcontrol:cheetah-run", "side", 224, 224),
)


def speed(robot: SimulatedRobot, camera: str, height: int, width: int, num_pictures: int) -> float:
    """Pictures per second of a moving scene."""
    rng = np.random.default_rng(0)
    low, high = robot.spec.action.low_array, robot.spec.action.high_array
    robot.render(camera, height, width)
    seconds = 0.0
    for _ in range(num_pictures):
        robot.send_action(rng.uniform(low, high).astype(np.float32))
        begun = time.perf_counter()
        robot.render(camera, height, width)
        seconds += time.perf_counter() - begun
    return num_pictures / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-pictures", type=int, default=50)
    num_pictures = parser.parse_args().num_pictures
    print(f"{'robot':24} {'camera':12} {'size':>9} {'fps':>6}")
    for name, camera, height, width in CASES:
        robot = make_robot(name, ManualClock(), horizon=num_pictures)
        robot.connect()
        robot.reset(0)
        fps = speed(robot, camera, height, width, num_pictures)
        print(f"{name:24} {camera:12} {height:4}x{width:4} {fps:6.1f}", flush=True)
        robot.disconnect()


if __name__ == "__main__":
    main()
