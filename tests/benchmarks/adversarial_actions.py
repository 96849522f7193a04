"""Actions meant to break the arm: what its true joints, links and servos did, step by step.

    .venv/bin/python tests/benchmarks/adversarial_actions.py [--num-actions 100000] [--space pose]

Every physics step is looked at. The arm may touch what can be moved, and nothing else.
"""

import argparse
import time

import numpy as np

from clam_robot.hardware.widowx import WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from sim.widowx.adversary import STILL, attack
from sim.widowx_robot import WidowXTwinConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-actions", type=int, default=5000)
    parser.add_argument("--space", choices=("pose", "joints"), default="pose")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    setup = WidowXTwinConfig(arm=WidowXConfig(action=ActionConfig(space=options.space)))
    begun = time.perf_counter()
    damage = attack(options.num_actions, setup=setup, seed=options.seed)
    print(f"{damage.num_actions} actions, {damage.num_steps} physics steps, {time.perf_counter() - begun:.0f} s")
    print(f"refused by the limiter: {dict(damage.num_refused)}")
    print(f"changed by the arm: {dict(damage.num_changed)}")
    print(f"furthest beyond a joint limit {damage.beyond_limit:.4f} rad, fastest joint {damage.speed:.2f} rad/s")
    print(f"periods without torque {damage.num_torque_off}")
    rest = ", ".join(f"{1e3 * each:.0f}" for each in np.percentile(damage.rest, (50, 99, 100)))
    print(
        f"{len(damage.rest)} silences: at rest (every joint below {STILL} rad/s) after {rest} ms (p50, p99, worst) "
        f"from the end of the last fresh action; {damage.num_restless} not within 200 ms"
    )
    print(f"collisions with the table, the base or itself: {len(damage.collisions)}")
    for collision in damage.collisions[:20]:
        print("  ", collision)


if __name__ == "__main__":
    main()
