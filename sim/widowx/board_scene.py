"""The arm's scene with a calibration board in it, on the table or in the hand, and a lens before the camera."""

from typing import Any, Literal

import mujoco
import numpy as np
from jaxtyping import Float64, UInt8
from scipy.spatial.transform import RigidTransform, Rotation

from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.wx250s import FINGER_OPEN, NUM_JOINTS
from sim.camera import Camera
from sim.widowx.board_print import BoardPrint, quaternion
from sim.widowx.lens_view import LensView
from sim.widowx.scene import scene_model

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco
_CAMERA, HAND = "calibrated", "gripper_link"
# The tool frame in the frame of the hand's body [m].
TOOL_IN_HAND = (0.093575, 0.0, 0.0)
# A camera of MuJoCo looks along -z with y up; one of OpenCV along z with y down.
FLIP = Rotation.from_euler("x", np.pi)


class BoardScene:
    """Draws what a camera with a known lens, at a known place, sees of a board at a known place.

    Args:
        board: picture of it, edge to edge.
        size: width and height of the board [m].
        mount: "wrist": the camera is on the hand, the board lies in the base's frame; "stand": the other way round.
        camera: pose of the camera in the tool's frame (wrist) or the base's (stand); x right, y down, z forwards.
        place: pose of the board in the base's frame (wrist) or the tool's (stand); x right, y down its print.
        lens: of the camera.
    """

    def __init__(
        self,
        board: UInt8[np.ndarray, "H W"],
        size: tuple[float, float],
        *,
        mount: Literal["wrist", "stand"],
        camera: RigidTransform,
        place: RigidTransform,
        lens: Intrinsics,
    ) -> None:
        self._lens = LensView(lens)
        in_hand = RigidTransform.from_translation(TOOL_IN_HAND)
        is_wrist = mount == "wrist"

        def add(spec: Any) -> None:  # noqa: ANN401
            hand, world = spec.body(HAND), spec.worldbody
            pose = in_hand * camera if is_wrist else camera
            seen = (hand if is_wrist else world).add_camera(name=_CAMERA, pos=pose.translation.tolist())
            seen.quat = quaternion(pose.rotation * FLIP)
            seen.fovy = self._lens.fovy
            for each in ("wrist_camera", "wrist_camera_mount"):
                spec.geom(each).rgba = [0.0, 0.0, 0.0, 0.0]
            on_board = BoardPrint(picture=board, size=size)
            on_board.add_to(spec, world if is_wrist else hand, place if is_wrist else in_hand * place)
            # The default light is warm and one-sided; boards are read in even light.
            spec.visual.headlight.ambient = [0.55] * 3
            spec.visual.quality.offsamples = 0  # drawn finer already

        self.model: Any = scene_model(add)
        self.data: Any = _MJ.MjData(self.model)
        self._camera = Camera(self)

    def picture(self, joints: Float64[np.ndarray, "6"]) -> UInt8[np.ndarray, "H W 3"]:
        """What the camera sees while the joints are here [rad]."""
        self.data.qpos[:NUM_JOINTS] = joints
        self.data.qpos[NUM_JOINTS : NUM_JOINTS + 2] = (FINGER_OPEN, -FINGER_OPEN)
        _MJ.mj_forward(self.model, self.data)
        return self._lens.seen(self._camera.picture(_CAMERA, self._lens.height, self._lens.width))

    def close(self) -> None:
        """Free the drawing surface."""
        self._camera.close()
