"""Names the axis and the sign that is wrong: of commands against joints, of joints against a camera, of the gripper."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.convention_trial import AXES, ConventionTrial, GripperTrial
from calibration.hand_eye_views import Mount
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.wx250s import JOINT_NAMES

# What counts as one [m], [rad]: servos and friction leave some of a small motion over.
_SHIFT, _TURN = 0.003, 0.02
_FITS = 1.0
_CLEARLY = 0.6
_LEAST_OPENING = 0.2


def judge_commands(trials: Sequence[ConventionTrial]) -> str | None:
    """What is wrong between commands and joints; None where nothing is."""
    moved = np.array([each.moved() for each in trials])
    asked = np.array([each.asked for each in trials])
    found = {name: _distance(moved - asked @ map_.T) for name, map_ in _maps()}
    for i, joint in enumerate(JOINT_NAMES):
        signs = np.where(np.arange(6) == i, -1.0, 1.0)
        # A joint whose motion is in nothing but its sign; where it stands near 0 it cannot be told from an axis.
        other = np.array([each.moved(signs) for each in trials])
        found[f"joint {joint} reports the wrong sign; see its Drive_Mode"] = _distance(other - asked)
    return _verdict(found, "commands and joints", _worst_axis(trials, moved - asked))


def judge_camera(trials: Sequence[ConventionTrial], camera: RigidTransform, mount: Mount) -> str | None:
    """What is wrong between joints and a camera; None where nothing is, or the board was not seen.

    Args:
        trials: with the board's poses.
        camera: its pose in the tool's frame (wrist) or the base's (stand), as calibrated.
        mount: of it.
    """
    seen = [each for each in trials if each.board_before is not None and each.board_after is not None]
    if len(seen) < len(AXES):
        return None

    def misfit(pose: RigidTransform, at: Mount, change: Callable[[np.ndarray], np.ndarray] = lambda q: q) -> float:
        return _distance(np.array([_camera_error(each, pose, at, change) for each in seen]))

    found = {"": misfit(camera, mount)}
    for i, joint in enumerate(JOINT_NAMES):
        signs = np.where(np.arange(6) == i, -1.0, 1.0)
        found[f"joint {joint} turns the other way than it reports; see its Drive_Mode"] = misfit(
            camera, mount, lambda q, s=signs: s * q
        )
    for name, pose in _poses(camera):
        found[name] = misfit(pose, mount)
    other: Mount = "stand" if mount == "wrist" else "wrist"
    found[f"the camera is on the {other}, not on the {mount}; are two cameras swapped?"] = misfit(camera, other)
    return _verdict(found, "joints and camera", "the camera's calibration may be old: run `clam calibrate hand-eye`")


def judge_gripper(trial: GripperTrial) -> str | None:
    """What is wrong with the gripper; None where nothing is."""
    if trial.opened - trial.closed > _LEAST_OPENING:
        return None
    if trial.closed - trial.opened > _LEAST_OPENING:
        return (
            f"the gripper is inverted: told to close, it is open by {trial.closed:.2f}, told to open, by "
            f"{trial.opened:.2f}; 1 is open, 0 closed"
        )
    return f"the gripper hardly moves: open by {trial.closed:.2f} when closed and {trial.opened:.2f} when open"


def _maps() -> Iterator[tuple[str, Float64[np.ndarray, "6 6"]]]:
    """What may become of an action on its way to the joints."""
    yield "", np.eye(6)
    for i, axis in enumerate(AXES):
        yield f"the sign of {axis} is wrong", np.diag(np.where(np.arange(6) == i, -1.0, 1.0))
    for block in (0, 3):
        for i, j in ((0, 1), (0, 2), (1, 2)):
            order = list(range(6))
            order[block + i], order[block + j] = block + j, block + i
            yield f"{AXES[block + i]} and {AXES[block + j]} are swapped", np.eye(6)[order]
    for i in range(3):
        # A mirror turns turns about the other two axes round.
        signs = np.append(np.where(np.arange(3) == i, -1.0, 1.0), np.where(np.arange(3) == i, 1.0, -1.0))
        yield f"{AXES[i]} is mirrored: its sign and those of the turns about the other axes are wrong", np.diag(signs)
    for quarter in (1, 2, 3):
        turn = Rotation.from_euler("z", 90 * quarter, degrees=True).as_matrix()
        map_ = np.zeros((6, 6))
        map_[:3, :3] = map_[3:, 3:] = turn
        yield f"the base's frame is turned by {90 * quarter} degrees about z", map_


def _poses(camera: RigidTransform) -> Iterator[tuple[str, RigidTransform]]:
    """How the camera's pose may have been misread."""
    x, y, z, w = camera.rotation.as_quat()
    moved = camera.translation
    for name, quaternion in (("w, x, y, z", (y, z, w, x)), ("x, y, z, w", (w, x, y, z))):
        # Numbers in the one order, read as the other.
        pose = RigidTransform.from_components(moved, Rotation.from_quat(quaternion))
        yield f"the camera's quaternion is in the order {name}, but was read as the other one", pose
    yield "the camera's pose is inverted: it is that of its parent in its own frame", camera.inv()
    roll, pitch, yaw = camera.rotation.as_euler("xyz")
    swapped = Rotation.from_euler("xyz", [yaw, pitch, roll])
    yield "roll and yaw of the camera's pose are swapped", RigidTransform.from_components(moved, swapped)


def _camera_error(
    trial: ConventionTrial, camera: RigidTransform, mount: Mount, change: Callable[[np.ndarray], np.ndarray]
) -> Float64[np.ndarray, "6"]:
    """Motion of the board before the camera, as seen against as the joints have it [m], [rad]."""
    assert trial.board_before is not None
    assert trial.board_after is not None
    before, after = tool_pose(change(trial.before)), tool_pose(change(trial.after))
    motion = after.inv() * before if mount == "wrist" else after * before.inv()
    drawn = camera.inv() * motion * camera * trial.board_before
    seen = trial.board_after
    return np.concatenate([seen.translation - drawn.translation, (seen.rotation * drawn.rotation.inv()).as_rotvec()])


def _distance(errors: Float64[np.ndarray, "n 6"]) -> float:
    """Root mean square over all, 1 is as much as may be."""
    return float(np.sqrt(((errors / ([_SHIFT] * 3 + [_TURN] * 3)) ** 2).sum(axis=1).mean()))


def _verdict(found: dict[str, float], between: str, otherwise: str) -> str | None:
    if found[""] < _FITS:
        return None
    name = min(found, key=lambda each: found[each])
    if name and found[name] < _CLEARLY * found[""] and found[name] < 2.0 * _FITS:
        return f"{between}: {name}"
    return f"{between} do not agree, and no single convention explains it; {otherwise}"


def _worst_axis(trials: Sequence[ConventionTrial], errors: Float64[np.ndarray, "n 6"]) -> str:
    scaled = np.linalg.norm(errors / ([_SHIFT] * 3 + [_TURN] * 3), axis=1)
    trial = trials[int(np.argmax(scaled))]
    asked, moved = 1e3 * trial.asked[trial.axis], 1e3 * trial.moved()
    return (
        f"worst on {AXES[trial.axis]}: asked for {asked:+.0f}, moved by {np.array2string(moved, precision=0)} "
        "(x y z in mm, roll pitch yaw in mrad)"
    )
