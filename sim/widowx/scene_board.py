"""A calibration board in the twin's scene: on the table, in the gripper, or shown to a camera by somebody."""

from dataclasses import dataclass
from typing import Any, Literal

import mujoco
import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sim.names import require_known
from sim.widowx.board_print import BOARD, BoardPrint, quaternion
from sim.widowx.board_scene import FLIP, HAND, TOOL_IN_HAND
from sim.widowx.scene import CAMERAS

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco
TABLE, GRIPPER = "table", "gripper"
PLACES = (TABLE, GRIPPER, *CAMERAS)
GROUP = 5  # of its geom, which pictures leave out unless asked for
_PICTURES_EACH = 3  # it is held still for so many pictures


@dataclass(frozen=True, kw_only=True)
class BoardPlace:
    """Where a board is.

    Attributes:
        parent: what carries it: the arm's base, its tool, or somebody before the camera that looks.
        pose: in the parent's frame, the camera's being x right, y down, z forwards.
    """

    parent: Literal["base", "tool", "camera"]
    pose: RigidTransform


class SceneBoard:
    """Knows where the board is for each picture; draws nothing.

    Args:
        on_it: its print.
        where: one of `PLACES`; with a camera's name somebody holds it before that camera, in another way every few
            pictures, and nothing else is to be seen.

    Raises:
        UnknownRobot: there is no such place; names those there are.
    """

    def __init__(self, on_it: BoardPrint, where: str) -> None:
        self._print = on_it
        self.put(where)

    def put(self, where: str) -> None:
        """Somewhere else.

        Raises:
            UnknownRobot: there is no such place; names those there are.
        """
        require_known(where, PLACES, what="place of the board")
        self.where, self._num_shown = where, 0

    def add_to(self, spec: Any) -> None:  # noqa: ANN401
        """Add it to the `mujoco.MjSpec` of the scene that is drawn; `arrange` brings it to its place."""
        body = spec.worldbody.add_body(name=BOARD, mocap=True)
        self._print.add_to(spec, body, RigidTransform.identity(), GROUP)
        # The default light is warm and one-sided; boards are read in even light.
        spec.visual.headlight.ambient = [0.55] * 3

    def for_picture(self, camera: str) -> BoardPlace | None:
        """Where it is for the next picture of a camera; None where another one is shown it."""
        width, height = self._print.size
        if self.where == TABLE:
            turn = Rotation.from_euler("xyz", [np.pi, 0.0, -np.pi / 2 + 0.03])
            return BoardPlace(parent="base", pose=RigidTransform.from_components([0.23, 0.5 * width, 0.002], turn))
        if self.where == GRIPPER:
            # Clamped by its lower edge, flat before the fingers, its face up.
            turn = Rotation.from_matrix(np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]))
            pose = RigidTransform.from_components(
                [height - 0.012, 0.5 * width + 0.004, 0.003], turn * Rotation.from_rotvec([0.02, -0.03, 0.02])
            )
            return BoardPlace(parent="tool", pose=pose)
        if self.where != camera:
            return None
        number, self._num_shown = self._num_shown // _PICTURES_EACH, self._num_shown + 1
        return BoardPlace(parent="camera", pose=self._held(number))

    def _held(self, number: int) -> RigidTransform:
        """Near and far, in every corner, leaning any way."""
        rng = np.random.default_rng(number)
        depth = self._print.size[0] / rng.uniform(0.5, 1.5)
        centre = depth * np.array([*rng.uniform((-0.65, -0.48), (0.65, 0.48)), 1.0])
        direction, lean = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.1, 0.9)
        turn = Rotation.from_rotvec(lean * np.array([np.cos(direction), np.sin(direction), 0.0]))
        turn *= Rotation.from_euler("z", rng.uniform(-0.5, 0.5))
        return RigidTransform.from_components(centre - turn.apply(self._print.middle), turn)


def arrange(model: Any, data: Any, camera: str, place: BoardPlace) -> None:  # noqa: ANN401
    """Bring the board of a scene to its place, after `mj_forward`."""
    if place.parent == "camera":
        seen = data.camera(camera)
        parent = RigidTransform.from_components(seen.xpos, Rotation.from_matrix(seen.xmat.reshape(3, 3)) * FLIP)
    elif place.parent == "tool":
        hand = data.body(HAND)
        turn = Rotation.from_matrix(hand.xmat.reshape(3, 3))
        parent = RigidTransform.from_components(hand.xpos, turn) * RigidTransform.from_translation(TOOL_IN_HAND)
    else:
        parent = RigidTransform.identity()
    pose = parent * place.pose
    number = model.body(BOARD).mocapid[0]
    data.mocap_pos[number], data.mocap_quat[number] = pose.translation, quaternion(pose.rotation)
    _MJ.mj_kinematics(model, data)
