"""How well camera and joint offsets are found in the rendered scene, over many arms, cameras and lenses.

Once with intrinsics that are known, once with such as are fitted to 40 views of their own with the same noise, and
refined within their doubt together with the hand-eye: centre of the lens and orientation of the frame then stand for
one another, and what counts is where a pixel looks.
An error is against the true camera as an arm sees it that takes its waist and wrist_rotate for right (no camera can
tell those two).

MUJOCO_GL=egl .venv/bin/python -m tests.benchmarks.hand_eye_accuracy [--num-seeds 20] [--mounts wrist stand]
"""

import argparse
from dataclasses import replace

import cv2
import numpy as np
from scipy.spatial.transform import RigidTransform

from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.diagnosis import diagnose
from calibration.hand_eye import HandEyeFit, fit_hand_eye
from calibration.intrinsics_fit import fit_intrinsics
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from tests.calibration.rendered_hand_eye import Noise, rendered_views
from tests.calibration.synthetic_hand_eye import Truth
from tests.calibration.synthetic_views import BOARD, LENS, scattered_views

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
NUM_OWN = 40
NAMES = (
    "position, mm",
    "angle of the frame, mrad",
    "angle of sight, mrad",
    "best closed form, mm",
    "misfit",
    "held out, mm",
    "views",
    *(f"offset {name}, mrad" for name in OBSERVABLE),
)


def sight_error(found: RigidTransform, own: Intrinsics, wanted: RigidTransform, lens: Intrinsics) -> float:
    """Root mean square angle between the true and the found line of sight, over the picture [rad]."""
    grid = np.stack(np.meshgrid(np.linspace(40, 600, 8), np.linspace(30, 450, 6)), axis=-1).reshape(-1, 1, 2)
    rays = []
    for pose, each in ((found, own), (wanted, lens)):
        flat = cv2.undistortPoints(grid, each.matrix, each.coefficients).reshape(-1, 2)
        ray = pose.rotation.apply(np.column_stack([flat, np.ones(len(flat))]))
        rays.append(ray / np.linalg.norm(ray, axis=1, keepdims=True))
    return float(np.sqrt((np.linalg.norm(np.cross(*rays), axis=1) ** 2).mean()))


def row(fit: HandEyeFit, true: Truth, mount: str, lens: Intrinsics) -> list[float]:
    wanted, camera = true.as_seen(mount), fit.camera
    distances = [
        np.linalg.norm(each.translation - wanted.translation) for each in fit.solvers.values() if each is not None
    ]
    return [
        1e3 * float(np.linalg.norm(camera.translation - wanted.translation)),
        1e3 * float((camera.rotation * wanted.rotation.inv()).magnitude()),
        1e3 * sight_error(camera, fit.result.intrinsics, wanted, lens),
        1e3 * float(min(distances)),
        fit.result.misfit,
        1e3 * fit.held_out_position,
        float(fit.views.count),
        *(1e3 * np.abs(fit.result.offsets - true.offsets)[1:5]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--num-views", type=int, default=35)
    parser.add_argument("--mounts", nargs="+", default=["wrist", "stand"])
    parser.add_argument("--corners", action="store_true", help="project the corners, draw no pictures")
    options = parser.parse_args()
    for mount in options.mounts:
        known, fitted, complaints = [], [], 0
        for seed in range(options.first_seed, options.first_seed + options.num_seeds):
            rng = np.random.default_rng(seed)
            lens = LENS.with_vector(LENS.vector + rng.normal(0.0, 1.0, 9) * (8, 8, 6, 6, 0.03, 0.03, 5e-4, 5e-4, 0))
            own = fit_intrinsics(BOARD, scattered_views(rng, NUM_OWN, lens=lens))
            views, true = rendered_views(
                seed, mount, lens, Noise(), count=options.num_views, is_rendered=not options.corners
            )
            known.append(row(fit_hand_eye(views), true, mount, lens))
            print(f"  {mount} seed {seed} known : " + " ".join(f"{each:.2f}" for each in known[-1]), flush=True)
            found = diagnose(
                replace(views, intrinsics=own.intrinsics),
                BundleSettings(offsets=OBSERVABLE, intrinsics_covariance=own.covariance),
            )
            complaints += bool(found.findings)
            for finding in found.findings:
                print(f"  {mount} seed {seed}: {finding.message}", flush=True)
            if found.fit is not None:
                fitted.append(row(found.fit, true, mount, lens))
                print(f"  {mount} seed {seed} fitted: " + " ".join(f"{each:.2f}" for each in fitted[-1]), flush=True)
        for title, rows in (("intrinsics known", known), (f"intrinsics fitted to {NUM_OWN} views", fitted)):
            print(f"{mount}, {title}: {len(rows)} of {options.num_seeds} seeds, {complaints} with findings")
            print(f"{'quantile':28}" + "".join(f"{q:8.2f}" for q in QUANTILES))
            for name, values in zip(NAMES, np.array(rows).T, strict=True):
                print(f"{name:28}" + "".join(f"{each:8.2f}" for each in np.quantile(values, QUANTILES)), flush=True)


if __name__ == "__main__":
    main()
