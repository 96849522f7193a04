"""How well camera and joint offsets are found in the rendered scene, over many arms, cameras and lenses.

Once with intrinsics that are known, once with such as are fitted to views of their own with the same noise, and refined
within their doubt together with the hand-eye. An error is against the true camera as an arm sees it that takes its
waist and wrist_rotate for right (no camera can tell those two). Centre of the lens, decentring p1, p2 and orientation
of the camera's frame stand for one another, so the frame's angle is known less well than where a pixel looks; "over its
doubt" says whether the covariance is honest: 1 at best for the frame's angle, and of a single joint's offset .67 in the
median, 1.64 in nine of ten. Board and finger tip are predicted from joints for poses that
were not used: the board's middle before the camera; the tip against the board (wrist) or, where it is in
the picture, across its line of sight from the stand. Then every mistake is injected, and the table of what was
named is made.

MUJOCO_GL=egl python -m tests.benchmarks.hand_eye_accuracy --out /tmp/hand_eye [--num-seeds 20] [--corners]
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.diagnosis import diagnose
from calibration.hand_eye import HandEyeFit, fit_hand_eye
from calibration.hand_eye_views import Mount
from calibration.intrinsics_fit import fit_intrinsics
from calibration.pose_set import PoseSetConfig, joint_range
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.wx250s import JOINT_NAMES
from tests.benchmarks.hand_eye_mistakes import count_mistakes
from tests.benchmarks.hand_eye_plot import plot_accuracy
from tests.calibration.rendered_hand_eye import Noise, rendered_views
from tests.calibration.synthetic_hand_eye import Truth
from tests.calibration.synthetic_views import LENS, scattered_views

# The finer one, as calibration/README.md has it printed for the lens.
LENS_BOARD = Board(columns=11, rows=8, square=0.023, marker=0.017)
QUANTILES = {"median": 0.5, "p90": 0.9, "max": 1.0}
GOALS = {"position, mm": 1.0, "angle of the frame, mrad": 1.0, "angle of sight, mrad": 1.0} | {
    f"offset {name}, mrad": 1.0 for name in OBSERVABLE
}
NAMES = (
    "position, mm",
    "angle of the frame, mrad",
    "its doubt, mrad",
    "angle over its doubt",
    "angle of sight, mrad",
    "unseen: board, mm",
    "unseen: finger tip, mm",
    "best closed form, mm",
    *(f"offset {name}, mrad" for name in OBSERVABLE),
    *(f"offset {name} over its doubt" for name in OBSERVABLE),
    "misfit",
    "views",
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


def unseen_errors(fit: HandEyeFit, true: Truth, mount: Mount, lens: Intrinsics, seed: int) -> tuple[float, float]:
    """Rms error of the board's middle before the camera, and of the finger tip, in poses that were not used [m]."""
    rng, limits = np.random.default_rng(seed + 5000), joint_range(mount, PoseSetConfig())
    middle = np.append(0.5 * np.array(fit.views.board.size), 0.0)
    boards, tips = [], []
    while len(boards) < 40:
        joints = rng.uniform(*limits)
        hands = tool_pose(joints + true.offsets), tool_pose(joints + fit.result.offsets)
        pairs = ((true.camera, true.board, hands[0]), (fit.camera, fit.board, hands[1]))
        if mount == "wrist":
            seen = [(camera.inv() * hand.inv() * board).apply(middle) for camera, board, hand in pairs]
            tip = [board.inv().apply(hand.translation) for _, board, hand in pairs]
            tips.append(np.linalg.norm(tip[1] - tip[0]))
        else:
            seen = [(camera.inv() * hand * board).apply(middle) for camera, board, hand in pairs]
            tip = np.array([camera.inv().apply(hand.translation) for camera, _, hand in pairs])
            # Beyond the picture no view told the lens.
            if not (
                np.abs(tip[0, :2]) < 0.5 * np.array([lens.width, lens.height]) / (lens.fx, lens.fy) * tip[0, 2]
            ).all():
                continue
            lenses = (lens, fit.result.intrinsics)
            pixels = [each.project(at[np.newaxis])[0] for each, at in zip(lenses, tip, strict=True)]
            tips.append(np.linalg.norm(pixels[1] - pixels[0]) * tip[0, 2] / lens.fx)
        boards.append(np.linalg.norm(seen[1] - seen[0]))
    return float(np.sqrt(np.mean(np.square(boards)))), float(np.sqrt(np.mean(np.square(tips))))


def row(fit: HandEyeFit, true: Truth, mount: Mount, lens: Intrinsics, seed: int) -> list[float]:
    wanted, camera = true.as_seen(mount), fit.camera
    distances = [
        np.linalg.norm(each.translation - wanted.translation) for each in fit.solvers.values() if each is not None
    ]
    angle = float((camera.rotation * wanted.rotation.inv()).magnitude())
    turn = (camera.rotation.inv() * wanted.rotation).as_rotvec()
    covariance = fit.result.covariance_of(["camera rx", "camera ry", "camera rz"])
    board, tip = unseen_errors(fit, true, mount, lens, seed)
    off = {name: abs(float((fit.result.offsets - true.offsets)[JOINT_NAMES.index(name)])) for name in OBSERVABLE}
    return [
        1e3 * float(np.linalg.norm(camera.translation - wanted.translation)),
        1e3 * angle,
        1e3 * float(np.sqrt(np.trace(covariance))),
        float(np.sqrt(turn @ np.linalg.solve(covariance, turn) / 3.0)),
        1e3 * sight_error(camera, fit.result.intrinsics, wanted, lens),
        1e3 * board,
        1e3 * tip,
        1e3 * float(min(distances)),
        *(1e3 * each for each in off.values()),
        *(each / fit.result.sigma(f"offset {name}") for name, each in off.items()),
        fit.result.misfit,
        float(fit.views.count),
    ]


def calibrate_many(options: argparse.Namespace, mount: Mount) -> tuple[dict[str, list[list[float]]], list[str]]:
    """Rows by what is known of the intrinsics, and what was complained of although nothing is wrong."""
    rows: dict[str, list[list[float]]] = {"intrinsics known": [], "intrinsics fitted": []}
    complaints: list[str] = []
    for seed in range(options.first_seed, options.first_seed + options.num_seeds):
        rng = np.random.default_rng(seed)
        lens = LENS.with_vector(LENS.vector + rng.normal(0.0, 1.0, 9) * (8, 8, 6, 6, 0.03, 0.03, 5e-4, 5e-4, 0))
        own = fit_intrinsics(
            LENS_BOARD,
            scattered_views(rng, options.num_own, lens=lens, board=LENS_BOARD, tilt=0.9, depth=(0.16, 0.40)),
        )
        views, true = rendered_views(
            seed, mount, lens, Noise(), count=options.num_views, is_rendered=not options.corners
        )
        rows["intrinsics known"].append(row(fit_hand_eye(views), true, mount, lens, seed))
        found = diagnose(
            replace(views, intrinsics=own.intrinsics),
            BundleSettings(offsets=OBSERVABLE, intrinsics_covariance=own.covariance),
        )
        complaints += [f"seed {seed}: {each.message}" for each in found.findings]
        if found.fit is not None:
            rows["intrinsics fitted"].append(row(found.fit, true, mount, lens, seed))
        for kind, each in rows.items():
            print(f"{mount} {seed} {kind:18}" + " ".join(f"{number:6.2f}" for number in each[-1]), flush=True)
    return rows, complaints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--num-views", type=int, default=40)
    parser.add_argument("--num-own", type=int, default=60, help="views for the intrinsics")
    parser.add_argument("--mistake-seeds", type=int, default=10, help="recordings with each mistake")
    parser.add_argument("--mounts", nargs="+", default=["wrist", "stand"])
    parser.add_argument("--corners", action="store_true", help="project the corners, draw no pictures")
    parser.add_argument("--out", type=Path, default=Path("hand_eye_accuracy"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows, complaints = {}, {}
    for mount in options.mounts:
        rows[mount], complaints[mount] = calibrate_many(options, mount)
    quantiles = {
        mount: {
            kind: {
                name: {key: float(np.quantile(values, q)) for key, q in QUANTILES.items()}
                for name, values in zip(NAMES, np.array(each).T, strict=True)
            }
            for kind, each in kinds.items()
        }
        for mount, kinds in rows.items()
    }
    for mount, kinds in quantiles.items():
        for kind, numbers in kinds.items():
            print(f"\n{mount}, {kind}: {len(rows[mount][kind])} seeds, complaints: {complaints[mount] or 'none'}")
            print(f"{'':34}" + "".join(f"{key:>9}" for key in QUANTILES))
            for name, values in numbers.items():
                print(f"{name:34}" + "".join(f"{each:9.2f}" for each in values.values()))
    plot_accuracy(options.out / "accuracy.png", rows, NAMES, GOALS)
    result = {
        "options": {key: str(value) for key, value in vars(options).items()},
        "names": NAMES,
        "quantiles": quantiles,
        "complaints": complaints,
        "rows": rows,
    }
    (options.out / "accuracy.json").write_text(json.dumps(result, indent=1) + "\n")
    if options.mistake_seeds:
        result["mistakes"] = count_mistakes(options.mistake_seeds)
        (options.out / "accuracy.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{options.out / 'accuracy.json'}, {options.out / 'accuracy.png'}")


if __name__ == "__main__":
    main()
