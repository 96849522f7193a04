"""A calibration board as a thing that MuJoCo draws."""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from jaxtyping import UInt8
from scipy.spatial.transform import RigidTransform, Rotation

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco
BOARD = "board"


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardPrint:
    """What stands on a board. Its frame: origin in the upper left corner of the print, x right, y down, z into it.

    Attributes:
        picture: of the print, edge to edge, grey.
        size: its width and height [m].
    """

    picture: UInt8[np.ndarray, "H W"]
    size: tuple[float, float]

    @property
    def middle(self) -> tuple[float, float, float]:
        """Of the print [m]."""
        return 0.5 * self.size[0], 0.5 * self.size[1], 0.0

    def add_to(self, spec: Any, body: Any, place: RigidTransform, group: int = 1) -> None:  # noqa: ANN401
        """Add it to a body: a flat mesh with the print on it, and white paper around; nothing touches it.

        Args:
            spec: `mujoco.MjSpec` of the scene.
            body: that carries it.
            place: its pose in the body's frame.
            group: of the geom.
        """
        margin = round(0.06 * max(self.picture.shape))
        paper = np.pad(self.picture, margin, constant_values=255)
        edge = margin * self.size[0] / self.picture.shape[1]
        texture = spec.add_texture(name=BOARD, type=_MJ.mjtTexture.mjTEXTURE_2D)
        texture.height, texture.width, texture.nchannel = *paper.shape, 3
        texture.data = np.repeat(paper[:, :, np.newaxis], 3, axis=2).tobytes()
        material = spec.add_material(name=BOARD, specular=0.0, shininess=0.0, reflectance=0.0)
        material.textures[_MJ.mjtTextureRole.mjTEXROLE_RGB] = BOARD
        low, right, bottom = -edge, self.size[0] + edge, self.size[1] + edge
        back = 0.001  # [m]; a mesh has to enclose something
        front = [[low, low, 0.0], [right, low, 0.0], [right, bottom, 0.0], [low, bottom, 0.0]]
        rear = [[x, y, back] for x, y, _ in front]
        corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
        # Seen from the front (from -z) the corners go round clockwise in x, y; MuJoCo wants outward normals.
        faces = [[0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4], [1, 2, 6], [1, 6, 5]]
        faces += [[2, 3, 7], [2, 7, 6], [3, 0, 4], [3, 4, 7]]
        spec.add_mesh(
            name=BOARD,
            uservert=np.array(front + rear).ravel().tolist(),
            userface=np.array(faces).ravel().tolist(),
            usertexcoord=np.array(corners + corners).ravel().tolist(),
        )
        # A mesh is moved to its centre of mass and main axes; the geom's place is given for its own vertices.
        body.add_geom(
            name=BOARD,
            type=_MJ.mjtGeom.mjGEOM_MESH,
            meshname=BOARD,
            material=BOARD,
            pos=place.translation.tolist(),
            quat=quaternion(place.rotation),
            contype=0,
            conaffinity=0,
            mass=0.0,
            group=group,
            rgba=[1.0, 1.0, 1.0, 1.0],
        )


def quaternion(turn: Rotation) -> list[float]:
    """As MuJoCo writes it: w, x, y, z."""
    x, y, z, w = (float(each) for each in turn.as_quat())
    return [w, x, y, z]
