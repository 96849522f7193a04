"""A WidowX in the rendered scene that looks at a board: pictures with lens and noise, joints with offsets and lag."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from calibration.detection import MIN_CORNERS, BoardDetector, Detection
from calibration.guided_views import guided_views
from calibration.hand_eye_views import HandEyeViews
from calibration.pose_set import PoseSet, PoseSetConfig
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.workspace import Workspace, WorkspaceConfig
from sim.widowx.board_scene import BoardScene
from tests.calibration.synthetic_hand_eye import HELD_BOARD, Truth, shoot, truth
from tests.calibration.synthetic_views import BOARD

WORKSPACE = WorkspaceConfig(low=(0.05, -0.40, 0.12), high=(0.55, 0.40, 0.60))


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What goes wrong a little.

    Attributes:
        corner: added to each corner that was found in a picture [pixel].
        grey: added to each pixel of a picture, of 255.
        joint: of each joint, anew in each view [rad].
        offset: of each joint, once [rad].
        lag: by which the joints are read too early [s].
        drift: velocity that is left in each joint when it counts as still [rad/s].
    """

    corner: float = 0.3
    grey: float = 2.0
    joint: float = 5e-4
    offset: float = 5e-3
    lag: float = 0.06
    drift: float = 5e-3


def rendered_views(
    seed: int,
    mount: Literal["wrist", "stand"],
    lens: Intrinsics,
    noise: Noise,
    *,
    count: int = 30,
    is_rendered: bool = True,
) -> tuple[HandEyeViews, Truth]:
    """Views at planned poses; the plan knows camera and board to a centimetre and some degrees only."""
    rng = np.random.default_rng(seed)
    true, board = truth(rng, mount, noise.offset), BOARD if mount == "wrist" else HELD_BOARD
    rough = truth(np.random.default_rng(seed + 1000), mount)
    scene = None
    if is_rendered:
        scene = BoardScene(board.picture(64), board.size, mount=mount, camera=true.camera, place=true.board, lens=lens)
    detector = BoardDetector(board)

    def take(poses: PoseSet) -> HandEyeViews:
        kept: list[np.ndarray] = []
        seen: list[Detection] = []
        for reported in poses.joints:
            moved = rng.normal(0.0, noise.drift, 6) * noise.lag
            position = reported + true.offsets + rng.normal(0.0, noise.joint, 6) + moved
            if scene is None:
                found = shoot(true, position, rng, mount=mount, board=board, lens=lens, noise=noise.corner)
            else:
                picture = scene.picture(position)
                noisy = picture + rng.normal(0.0, noise.grey, picture.shape)
                found = detector.detect(np.clip(noisy, 0, 255).astype(np.uint8))
                if found is not None:
                    found.corners[:] += rng.normal(0.0, noise.corner, found.corners.shape)
            if found is not None and len(found.ids) >= MIN_CORNERS:
                kept.append(reported)
                seen.append(found)
        return HandEyeViews(
            mount=mount, board=board, intrinsics=lens, detections=tuple(seen), joints=np.array(kept).reshape(-1, 6)
        )

    config = PoseSetConfig(count=count, seed=seed, num_candidates=20000)
    views = guided_views(mount, board, lens, rough.camera, rough.board, Workspace(WORKSPACE), config, take)
    if scene is not None:
        scene.close()
    return views, true
