"""Poses of the arm from which a board tells most of a camera's place."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from calibration.bundle import Bundle
from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.detection import Detection
from calibration.hand_eye_views import HandEyeViews, Mount
from calibration.hand_motion import motions_of_joints
from calibration.rotation_spread import rotation_spread
from clam_robot import config
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.workspace import Workspace
from clam_robot.hardware.wx250s import joint_limits


@dataclass(frozen=True, kw_only=True)
class PoseSetConfig(config.Strict):
    """What is looked for.

    Attributes:
        count: of poses.
        num_candidates: random poses to choose from.
        seed: of those.
        low: lowest joints [rad]; None leaves them to the mount, see `joint_range`.
        high: highest [rad].
        nearest: of the board to the camera [m].
        furthest: [m].
        slant: largest angle between the line of sight and the board's normal [rad].
        seen: smallest share of the corners that is in the picture.
        margin: corners are to stay this far from the picture's edge [pixel].
    """

    count: int = 40
    num_candidates: int = 40000
    seed: int = 0
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    nearest: float = 0.2
    furthest: float = 0.8
    slant: float = 0.9
    seen: float = 0.75
    margin: float = 20.0


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseSet:
    """Where to go, in order.

    Attributes:
        joints: (n, 6) [rad].
        sigma: that the camera's place should have afterwards, root mean square of its axes [m].
        num_seen: candidates that saw the board.
        num_blocked: of those that were looked at, how many were too near something.
    """

    joints: Float64[np.ndarray, "n 6"]
    sigma: float
    num_seen: int
    num_blocked: int


def plan_poses(
    mount: Mount,
    board: Board,
    intrinsics: Intrinsics,
    camera: RigidTransform,
    place: RigidTransform,
    workspace: Workspace,
    config: PoseSetConfig,
    taken: HandEyeViews | None = None,
) -> PoseSet:
    """Choose poses that are within limits, clear of everything, show the board, and together tell most.

    Args:
        mount: of the camera.
        board: to be looked at.
        intrinsics: of the camera, roughly.
        camera: its pose, roughly, in the tool's frame (wrist) or the base's (stand).
        place: of the board, roughly, in the base's frame (wrist) or the tool's (stand).
        workspace: with everything that stands about, the board and the stand included.
        config: what is looked for.
        taken: views that there are already; the poses tell what those do not.

    Raises:
        CalibrationError: too few poses; says what stood in the way.
    """
    rng = np.random.default_rng(config.seed)
    candidates = rng.uniform(*joint_range(mount, config), (config.num_candidates, 6))
    views = _views(mount, board, intrinsics, camera, place, candidates, config)
    if len(views) < config.count:
        raise CalibrationError(
            f"the board is seen from {len(views)} of {config.num_candidates} poses, expected {config.count} or more; "
            "are the rough places of camera and board right?"
        )
    clear: list[tuple[np.ndarray, Detection]] = []
    num_blocked = 0
    for joints, detection in views:
        if _is_clear(workspace, joints):
            clear.append((joints, detection))
        else:
            num_blocked += 1
        if len(clear) >= _POOL * config.count:
            break
    if len(clear) < config.count:
        raise CalibrationError(
            f"{len(clear)} poses see the board and are clear of everything, expected {config.count}; {num_blocked} are "
            "too near the table, a box or the arm itself: move the board, or widen the workspace"
        )
    pool = HandEyeViews(
        mount=mount,
        board=board,
        intrinsics=intrinsics,
        detections=tuple(each for _, each in clear),
        joints=np.array([each for each, _ in clear]),
    )
    chosen, sigma = _most_telling(pool, camera, place, config.count, taken)
    assert pool.joints is not None
    joints = pool.joints[chosen]
    every = joints if taken is None or taken.joints is None else np.concatenate([taken.joints, joints])
    problem = rotation_spread(motions_of_joints(every).poses).problem
    if problem is not None:
        raise CalibrationError(f"the poses that can be reached do not do: {problem}")
    return PoseSet(joints=_in_short_order(joints), sigma=sigma, num_seen=len(views), num_blocked=num_blocked)


def joint_range(mount: Mount, config: PoseSetConfig) -> tuple[Float64[np.ndarray, "6"], Float64[np.ndarray, "6"]]:
    """Lowest and highest joints of poses [rad].

    A camera on the wrist hangs on a cable, and its hand turns little; a board in the gripper has none.
    """
    limits, (low, high) = joint_limits(), _RANGES[mount]
    return (
        np.maximum(limits[0] + 0.05, low if config.low is None else config.low),
        np.minimum(limits[1] - 0.05, high if config.high is None else config.high),
    )


def _views(
    mount: Mount,
    board: Board,
    intrinsics: Intrinsics,
    camera: RigidTransform,
    place: RigidTransform,
    candidates: Float64[np.ndarray, "n 6"],
    config: PoseSetConfig,
) -> list[tuple[np.ndarray, Detection]]:
    """Candidates from which the board is seen, with the corners they see."""
    hands = motions_of_joints(candidates).poses
    inner = np.linalg.inv(hands) if mount == "wrist" else hands
    boards = np.linalg.inv(camera.as_matrix()) @ inner @ place.as_matrix()
    middle = np.append(0.5 * np.array(board.size), 0.0)
    at = boards[:, :3, :3] @ middle + boards[:, :3, 3]
    distance = np.linalg.norm(at, axis=1)
    is_facing = np.einsum("ni,ni->n", boards[:, :3, 2], at) > np.cos(config.slant) * distance
    is_near = (at[:, 2] > config.nearest) & (at[:, 2] < config.furthest)
    found: list[tuple[np.ndarray, Detection]] = []
    size = np.array([intrinsics.width, intrinsics.height])
    for i in np.nonzero(is_facing & is_near)[0]:
        seen = board.points() @ boards[i, :3, :3].T + boards[i, :3, 3]
        if seen[:, 2].min() < 0.05:
            continue
        corners = intrinsics.project(seen)
        is_in = ((corners >= config.margin) & (corners <= size - 1 - config.margin)).all(axis=1)
        if is_in.sum() >= max(config.seen * board.num_corners, _FEWEST):
            detection = Detection(
                ids=np.nonzero(is_in)[0],
                corners=corners[is_in],
                edge_width=0.0,
                width=intrinsics.width,
                height=intrinsics.height,
            )
            found.append((candidates[i], detection))
    return found


def _is_clear(workspace: Workspace, joints: Float64[np.ndarray, "6"]) -> bool:
    tool, limits = workspace.tool_position(joints), workspace.config
    is_in = bool(((tool >= limits.low) & (tool <= limits.high)).all())
    return is_in and not workspace.nearness(joints)


def _most_telling(
    pool: HandEyeViews, camera: RigidTransform, place: RigidTransform, count: int, taken: HandEyeViews | None
) -> tuple[list[int], float]:
    """One after the other the pose after which camera and offsets are known best; and the camera's doubt then [m].

    The intrinsics count as little known: poses that would tell the camera's place with the true lens only are no good.
    """
    settings = BundleSettings(offsets=OBSERVABLE, intrinsics_covariance=np.diag(_LENS**2))
    parts = Bundle(pool, settings, _NOISE).information(camera, place)
    doubts = [*(_POSE * 2), *([0.05] * len(OBSERVABLE)), *_LENS[_LENS > 0]]
    known = np.diag(1.0 / np.array(doubts) ** 2)
    if taken is not None:
        known = known + Bundle(taken, settings, _NOISE).information(camera, place).sum(axis=0)
    wanted = np.zeros(len(doubts))
    wanted[:3], wanted[3:6], wanted[12 : 12 + len(OBSERVABLE)] = _WANTED
    chosen: list[int] = []
    for _ in range(count):
        variances = np.diagonal(np.linalg.inv(known + parts), axis1=1, axis2=2)
        left = variances @ wanted
        left[chosen] = np.inf
        best = int(np.argmin(left))
        chosen.append(best)
        known = known + parts[best]
    covariance = np.linalg.inv(known)
    return chosen, float(np.sqrt(np.diag(covariance)[3:6].mean()))


def _in_short_order(joints: Float64[np.ndarray, "n 6"]) -> Float64[np.ndarray, "n 6"]:
    """The nearest next, so that the way is short."""
    left = list(range(1, len(joints)))
    order = [0]
    while left:
        here = joints[order[-1]]
        nearest = min(left, key=lambda i: float(np.abs(joints[i] - here).max()))
        left.remove(nearest)
        order.append(nearest)
    return joints[order]


_RANGES: dict[Mount, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "wrist": ((-0.9, -1.4, -0.9, -1.2, -1.2, -1.6), (0.9, 0.9, 1.3, 1.2, 1.9, 1.6)),
    "stand": ((-1.6, -1.7, -1.4, -2.6, -1.7, -3.0), (1.6, 1.2, 1.5, 2.6, 2.1, 3.0)),
}
# Clear poses to choose from, for each that is wanted.
_POOL = 8
_FEWEST = 8
_NOISE = 0.3  # [pixel]
# What is known before the first view: of a pose [rad], [m], and of the intrinsics.
_POSE = [0.3, 0.3, 0.3, 0.1, 0.1, 0.1]
_LENS = np.array([10.0, 10.0, 8.0, 8.0, 0.05, 0.15, 2e-3, 2e-3, 0.0])
# What a variance counts: of the camera's orientation [1/rad^2], of its place [1/m^2], of an offset [1/rad^2].
_WANTED = (1e6, 4e6, 1e6)
