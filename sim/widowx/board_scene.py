"""The arm's scene with a calibration board in it, on the table or in the hand, and a lens before the camera."""

from typing import Any, Literal

import cv2
import mujoco
import numpy as np
from jaxtyping import Float64, UInt8
from scipy.spatial.transform import RigidTransform, Rotation

from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.wx250s import FINGER_OPEN, NUM_JOINTS
from sim.camera import Camera
from sim.widowx.scene import scene_model

# MuJoCo's and OpenCV's compiled halves have no type information.
_MJ: Any = mujoco
_CV: Any = cv2
_CAMERA, _HAND = "calibrated", "gripper_link"
# The tool frame in the frame of the hand's body [m].
_TOOL_IN_HAND = (0.093575, 0.0, 0.0)
# A camera of MuJoCo looks along -z with y up; one of OpenCV along z with y down.
_FLIP = Rotation.from_euler("x", np.pi)
# Drawn finer than the picture, so that edges fall between pixels as light does.
_FINER = 2
# Undistorted pictures are this much wider than the distorted ones.
_WIDER = 1.25


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
        self._lens = lens
        in_hand = RigidTransform.from_translation(_TOOL_IN_HAND)
        is_wrist = mount == "wrist"

        def add(spec: Any) -> None:  # noqa: ANN401
            hand, world = spec.body(_HAND), spec.worldbody
            pose = in_hand * camera if is_wrist else camera
            seen = (hand if is_wrist else world).add_camera(name=_CAMERA, pos=pose.translation.tolist())
            seen.quat = _quaternion(pose.rotation * _FLIP)
            seen.fovy = np.degrees(2.0 * np.arctan(0.5 * _WIDER * lens.height / lens.fy))
            for each in ("wrist_camera", "wrist_camera_mount"):
                spec.geom(each).rgba = [0.0, 0.0, 0.0, 0.0]
            _add_board(spec, world if is_wrist else hand, board, size, place if is_wrist else in_hand * place)
            # The default light is warm and one-sided; boards are read in even light.
            spec.visual.headlight.ambient = [0.55] * 3
            spec.visual.quality.offsamples = 0  # drawn finer already

        self.model: Any = scene_model(add)
        self.data: Any = _MJ.MjData(self.model)
        self._camera = Camera(self)
        self._map = self._lens_map()

    def picture(self, joints: Float64[np.ndarray, "6"]) -> UInt8[np.ndarray, "H W 3"]:
        """What the camera sees while the joints are here [rad]."""
        self.data.qpos[:NUM_JOINTS] = joints
        self.data.qpos[NUM_JOINTS : NUM_JOINTS + 2] = (FINGER_OPEN, -FINGER_OPEN)
        _MJ.mj_forward(self.model, self.data)
        lens = self._lens
        drawn = self._camera.picture(_CAMERA, _FINER * lens.height, _FINER * lens.width)
        fine = _CV.remap(drawn, *self._map, _CV.INTER_LINEAR, borderMode=_CV.BORDER_REPLICATE)
        return np.ascontiguousarray(_CV.resize(fine, (lens.width, lens.height), interpolation=_CV.INTER_AREA))

    def close(self) -> None:
        """Free the drawing surface."""
        self._camera.close()

    def _lens_map(self) -> tuple[np.ndarray, np.ndarray]:
        """For each fine pixel of the lens's picture, where it is in the drawn one."""
        lens = self._lens
        y, x = np.mgrid[: _FINER * lens.height, : _FINER * lens.width].astype(np.float64)
        # Pixel centres are whole numbers in both the fine and the coarse picture.
        points = np.stack([(x + 0.5) / _FINER - 0.5, (y + 0.5) / _FINER - 0.5], axis=-1).reshape(-1, 1, 2)
        straight = _CV.undistortPoints(
            points,
            lens.matrix,
            lens.coefficients,
            criteria=(_CV.TERM_CRITERIA_EPS | _CV.TERM_CRITERIA_MAX_ITER, 50, 1e-10),
        )
        focal = _FINER * lens.fy / _WIDER
        middle = 0.5 * np.array([_FINER * lens.width - 1, _FINER * lens.height - 1])
        drawn = (focal * straight.reshape(*x.shape, 2) + middle).astype(np.float32)
        return np.ascontiguousarray(drawn[..., 0]), np.ascontiguousarray(drawn[..., 1])


def _quaternion(turn: Rotation) -> list[float]:
    x, y, z, w = (float(each) for each in turn.as_quat())
    return [w, x, y, z]


def _add_board(
    spec: Any,  # noqa: ANN401
    body: Any,  # noqa: ANN401
    board: UInt8[np.ndarray, "H W"],
    size: tuple[float, float],
    place: RigidTransform,
) -> None:
    """A flat mesh with the print on it, and white paper around."""
    margin = round(0.06 * max(board.shape))
    paper = np.pad(board, margin, constant_values=255)
    edge = margin * size[0] / board.shape[1]
    texture = spec.add_texture(name="board", type=_MJ.mjtTexture.mjTEXTURE_2D)
    texture.height, texture.width, texture.nchannel = *paper.shape, 3
    texture.data = np.repeat(paper[:, :, np.newaxis], 3, axis=2).tobytes()
    material = spec.add_material(name="board", specular=0.0, shininess=0.0, reflectance=0.0)
    material.textures[_MJ.mjtTextureRole.mjTEXROLE_RGB] = "board"
    low, right, bottom = -edge, size[0] + edge, size[1] + edge
    back = 0.001  # [m]; a mesh has to enclose something
    front = [[low, low, 0.0], [right, low, 0.0], [right, bottom, 0.0], [low, bottom, 0.0]]
    rear = [[x, y, back] for x, y, _ in front]
    corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    # Seen from the front (from -z) the corners go round clockwise in x, y; MuJoCo wants outward normals.
    faces = [[0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4], [1, 2, 6], [1, 6, 5]]
    faces += [[2, 3, 7], [2, 7, 6], [3, 0, 4], [3, 4, 7]]
    spec.add_mesh(
        name="board",
        uservert=np.array(front + rear).ravel().tolist(),
        userface=np.array(faces).ravel().tolist(),
        usertexcoord=np.array(corners + corners).ravel().tolist(),
    )
    # A mesh is moved to its centre of mass and main axes; the geom's place is given for its own vertices.
    body.add_geom(
        name="board",
        type=_MJ.mjtGeom.mjGEOM_MESH,
        meshname="board",
        material="board",
        pos=place.translation.tolist(),
        quat=_quaternion(place.rotation),
        contype=0,
        conaffinity=0,
        mass=0.0,
        group=1,
        rgba=[1.0, 1.0, 1.0, 1.0],
    )
