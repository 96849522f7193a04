"""Push Button: press a button on a stand."""

from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from sim.world import Judgement

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

STAND, BUTTON = "button_stand", "button"
_STAND_SIZE = (0.04, 0.04, 0.025)  # half edges [m]
_CAP_RADIUS, _CAP_HEIGHT = 0.018, 0.009  # radius, half height [m]
_TRAVEL = 0.012  # [m]
PRESSED = 0.006  # [m]
NEAR = 0.04  # tool to cap [m]
_X, _Y = (0.20, 0.32), (-0.14, 0.14)  # of the stand [m]


class PushButton:
    """A red button on a stand. Half the credit for the hand near it, all of it while it is pressed."""

    name = "push-button"

    def add_to(self, spec: Any) -> None:  # noqa: ANN401
        """Add stand and button."""
        stand = spec.worldbody.add_body(name=STAND, pos=[0.26, 0.0, _STAND_SIZE[2]])
        stand.add_geom(type=_MJ.mjtGeom.mjGEOM_BOX, size=list(_STAND_SIZE), rgba=[0.20, 0.24, 0.30, 1.0])
        stand.add_geom(
            type=_MJ.mjtGeom.mjGEOM_CYLINDER,
            pos=[0.0, 0.0, _STAND_SIZE[2] + 0.001],
            size=[0.024, 0.001, 0.0],
            rgba=[0.95, 0.80, 0.15, 1.0],
            contype=0,
            conaffinity=0,
        )
        cap = stand.add_body(name=BUTTON, pos=[0.0, 0.0, _STAND_SIZE[2] + _CAP_HEIGHT])
        cap.add_joint(
            name=BUTTON,
            type=_MJ.mjtJoint.mjJNT_SLIDE,
            axis=[0, 0, 1],
            range=[-_TRAVEL, 0.0],
            limited=True,
            stiffness=150.0,
            springref=0.004,
            damping=3.0,
        )
        cap.add_geom(
            name=BUTTON,
            type=_MJ.mjtGeom.mjGEOM_CYLINDER,
            size=[_CAP_RADIUS, _CAP_HEIGHT, 0.0],
            mass=0.02,
            rgba=[0.85, 0.12, 0.10, 1.0],
        )

    def reset(self, model: Any, data: Any, random: np.random.Generator) -> None:  # noqa: ANN401
        """Put it somewhere within reach."""
        model.body(STAND).pos[:2] = random.uniform(*_X), random.uniform(*_Y)
        data.joint(BUTTON).qpos[0] = 0.0

    def points(self, model: Any, data: Any) -> dict[str, Float64[np.ndarray, "3"]]:  # noqa: ANN401
        """Top of the cap now, and where it is when pressed down [m]."""
        top = data.body(BUTTON).xpos + np.array([0.0, 0.0, _CAP_HEIGHT])
        down = top.copy()
        down[2] = 2 * _STAND_SIZE[2] + 2 * _CAP_HEIGHT - _TRAVEL
        return {"object": top, "goal": down}

    def judge(self, model: Any, data: Any) -> Judgement:  # noqa: ANN401
        """Reward is the credit at this moment."""
        if data.joint(BUTTON).qpos[0] < -PRESSED:
            return Judgement(reward=1.0, success=True)
        cap = self.points(model, data)["object"]
        is_near = float(np.linalg.norm(cap - data.site("tool").xpos)) < NEAR
        return Judgement(reward=0.5 * is_near, success=False)
