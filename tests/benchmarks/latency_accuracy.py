"""How well latencies are found in the rendered scene, over many cameras, delays and frames that jitter and are lost.

The state's latency is told to the fit, as no motion shows it. The truth of the command's is measured on the twin's own
joints: servos need their time to follow, too.

MUJOCO_GL=egl .venv/bin/python -m tests.benchmarks.latency_accuracy [--num-seeds 20] [--mounts wrist stand]
"""

import argparse

import numpy as np

from calibration.delay_fit import DelayConfig, fit_delay
from calibration.delay_signals import JointMotion, Sight
from calibration.latency import fit_latency
from calibration.swing import SwingConfig
from tests.calibration.twin_swing import SERVO_AGE, Delays, swung

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


def true_lag(told: JointMotion, real: JointMotion) -> float:
    """How far the twin's own joints lie behind the set-points [s]."""
    seen = Sight(begin=None, end=real.time[::10], values=real.position[::10, :1], kind="truth")
    return fit_delay(told, seen, DelayConfig(low=-0.05, high=0.6)).delay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-seeds", type=int, default=20)
    parser.add_argument("--mounts", nargs="+", default=["wrist", "stand"])
    parser.add_argument("--seconds", type=float, default=15.0)
    options = parser.parse_args()
    for mount in options.mounts:
        rows, held = [], 0
        for seed in range(options.num_seeds):
            rng = np.random.default_rng(1000 + seed)
            delays = Delays(
                camera=rng.uniform(0.005, 0.15), state=rng.uniform(0.0, 0.03), command=rng.uniform(0.0, 0.08)
            )
            views, real = swung(seed, mount, delays, SwingConfig(seconds=options.seconds))
            found = fit_latency(views, state=delays.state + SERVO_AGE)
            assert views.told is not None
            if found.problems or found.command_latency is None:
                print(f"  {mount} seed {seed}: {found.problems}", flush=True)
                continue
            camera = found.camera_latency("twin", 0.0)
            errors = (
                1e3 * abs(camera.seconds - delays.camera),
                1e3 * abs(found.command_latency.seconds - true_lag(views.told, real)),
                1e3 * 0.5 * (camera.high - camera.low),
                found.cameras["twin"].correlation,
            )
            held += camera.low <= delays.camera <= camera.high
            rows.append(errors)
            print(
                f"  {mount} seed {seed}: camera {1e3 * delays.camera:.1f} found {1e3 * camera.seconds:.2f} ms, "
                f"command {1e3 * found.command_latency.seconds:.2f} ms, " + " ".join(f"{each:.3f}" for each in errors),
                flush=True,
            )
        print(f"{mount}: {len(rows)} of {options.num_seeds} seeds, interval holds the truth in {held}")
        print(f"{'quantile':28}" + "".join(f"{q:8.2f}" for q in QUANTILES))
        names = ("camera error, ms", "command error, ms", "half interval, ms", "correlation")
        for name, values in zip(names, np.array(rows).T, strict=True):
            print(f"{name:28}" + "".join(f"{each:8.3f}" for each in np.quantile(values, QUANTILES)), flush=True)


if __name__ == "__main__":
    main()
