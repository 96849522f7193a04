"""Close Microwave: swing a door shut."""

import math
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from sim.world import Judgement

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

OVEN, DOOR, HANDLE = "microwave", "microwave_door", "microwave_handle"
_HALF = (0.06, 0.09, 0.065)  # of the body [m]
_WALL = 0.004  # half thickness [m]
_CENTRE = (0.40, -0.03)  # of the body [m]
_OPEN = (math.radians(60.0), math.radians(100.0))
_SPREAD = 0.02  # of where it stands [m]
CLOSED = math.radians(6.0)
TOUCHED = math.radians(3.0)


class CloseMicrowave:
    """An oven with an open door. Half the credit once the door moved towards it, all while it is shut."""

    name = "close-microwave"

    def __init__(self) -> None:
        self._opened = 0.0

    def add_to(self, spec: Any) -> None:  # noqa: ANN401
        """Add the oven; its front, with the door hinged on the left, looks towards the arm."""
        x, y, z = _HALF
        box = _MJ.mjtGeom.mjGEOM_BOX
        white, dark = [0.90, 0.90, 0.88, 1.0], [0.12, 0.13, 0.15, 1.0]
        oven = spec.worldbody.add_body(name=OVEN, pos=[*_CENTRE, z])
        for pos, size in (
            ([0, 0, z - _WALL], [x, y, _WALL]),
            ([0, 0, -z + _WALL + 0.001], [x, y, _WALL]),
            ([0, y - _WALL, 0], [x, _WALL, z - 0.001]),
            ([0, -y + _WALL, 0], [x, _WALL, z - 0.001]),
            ([x - _WALL, 0, 0], [_WALL, y, z - 0.001]),
        ):
            oven.add_geom(type=box, pos=pos, size=size, rgba=white)
        door = oven.add_body(name=DOOR, pos=[-x - _WALL, y, 0.0])
        # Positive angles swing the free edge out towards the arm.
        door.add_joint(
            name=DOOR,
            type=_MJ.mjtJoint.mjJNT_HINGE,
            axis=[0, 0, -1],
            range=[0.0, math.radians(115.0)],
            limited=True,
            damping=0.01,
            frictionloss=0.01,
        )
        door.add_geom(name=DOOR, type=box, pos=[0, -y, 0], size=[_WALL, y, z - 0.003], rgba=dark, mass=0.08)
        edge = -2 * y + 0.015
        door.add_geom(
            name=HANDLE,
            type=_MJ.mjtGeom.mjGEOM_CAPSULE,
            fromto=[-0.014, edge, -0.03, -0.014, edge, 0.03],
            size=[0.005, 0.0, 0.0],
            rgba=[0.70, 0.72, 0.75, 1.0],
            mass=0.01,
        )
        door.add_site(name=HANDLE, pos=[0, -2 * y, 0.02])
        oven.add_site(name="microwave_shut", pos=[-x - _WALL, -y, 0.02])
        spec.add_exclude(bodyname1=OVEN, bodyname2=DOOR)

    def reset(self, model: Any, data: Any, random: np.random.Generator) -> None:  # noqa: ANN401
        """Stand it a little elsewhere, the door open."""
        model.body(OVEN).pos[:2] = np.array(_CENTRE) + random.uniform(-_SPREAD, _SPREAD, 2)
        self._opened = random.uniform(*_OPEN)
        data.joint(DOOR).qpos[0] = self._opened

    def points(self, model: Any, data: Any) -> dict[str, Float64[np.ndarray, "3"]]:  # noqa: ANN401
        """Free edge of the door, and where it is when shut [m]."""
        return {"object": data.site(HANDLE).xpos.copy(), "goal": data.site("microwave_shut").xpos.copy()}

    def judge(self, model: Any, data: Any) -> Judgement:  # noqa: ANN401
        """Reward is the credit at this moment."""
        angle = float(data.joint(DOOR).qpos[0])
        if angle < CLOSED:
            return Judgement(reward=1.0, success=True)
        return Judgement(reward=0.5 * (angle < self._opened - TOUCHED), success=False)
