"""The arm on a table, with light and cameras, as a MuJoCo model."""

from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np

from clam_robot.hardware.arm_model import arm_spec

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

PHYSICS_PERIOD = 0.002  # [s]
OVER_SHOULDER, WRIST = "over_shoulder", "wrist"
CAMERAS = (OVER_SHOULDER, WRIST)
TABLE_HALF = (0.36, 0.42, 0.02)  # [m]
TABLE_CENTRE = (0.17, 0.0)  # of its top, in the frame of the arm's base [m]


def scene_model(add_task: Callable[[Any], None]) -> Any:  # noqa: ANN401
    """The compiled `mujoco.MjModel` of arm, table and task.

    Args:
        add_task: adds the task's bodies, sites and cameras to the `mujoco.MjSpec`. The world's origin is the arm's
            base_link, the table's top is the plane z = 0.
    """
    spec = _MJ.MjSpec()
    spec.modelname = "widowx_table"
    spec.compiler.degree = False
    spec.option.timestep = PHYSICS_PERIOD
    spec.option.integrator = _MJ.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = _MJ.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    _add_surroundings(spec)
    _add_cradle(spec)
    frame = spec.worldbody.add_frame()
    arm = arm_spec()
    frame.attach_body(arm.body("base_link"), "", "")
    _add_cameras(spec)
    add_task(spec)
    return spec.compile()


def _add_surroundings(spec: Any) -> None:  # noqa: ANN401
    spec.add_texture(
        name="sky",
        type=_MJ.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=_MJ.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.72, 0.79, 0.86],
        rgb2=[0.32, 0.36, 0.42],
        width=64,
        height=384,
    )
    spec.add_texture(
        name="wood",
        type=_MJ.mjtTexture.mjTEXTURE_2D,
        builtin=_MJ.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=[0.66, 0.58, 0.47],
        rgb2=[0.63, 0.55, 0.44],
        width=512,
        height=512,
    )
    wood = spec.add_material(name="wood", texrepeat=[12, 14], reflectance=0.02, specular=0.2)
    wood.textures[_MJ.mjtTextureRole.mjTEXROLE_RGB] = "wood"
    x, y = TABLE_CENTRE
    world = spec.worldbody
    world.add_geom(
        name="table",
        type=_MJ.mjtGeom.mjGEOM_BOX,
        pos=[x, y, -TABLE_HALF[2]],
        size=list(TABLE_HALF),
        material="wood",
        friction=[0.8, 0.01, 0.001],
    )
    world.add_geom(
        name="floor", type=_MJ.mjtGeom.mjGEOM_PLANE, pos=[0, 0, -0.75], size=[3, 3, 0.1], rgba=[0.34, 0.36, 0.39, 1.0]
    )
    world.add_light(
        pos=[0.4, -0.7, 1.6], dir=[-0.15, 0.4, -1.0], diffuse=[0.6] * 3, specular=[0.2] * 3, castshadow=True
    )
    world.add_light(
        pos=[0.0, 1.0, 1.4], dir=[0.1, -0.6, -1.0], diffuse=[0.35] * 3, specular=[0.1] * 3, castshadow=False
    )
    spec.visual.headlight.ambient = [0.35] * 3
    spec.visual.headlight.diffuse = [0.25] * 3
    spec.visual.headlight.specular = [0.1] * 3
    spec.visual.quality.shadowsize = 2048
    spec.visual.map.znear = 0.01


def _add_cradle(spec: Any) -> None:  # noqa: ANN401
    """What the upper arm leans on behind the base in the sleep pose."""
    world = spec.worldbody
    rubber = [0.12, 0.12, 0.13, 1.0]
    world.add_geom(
        name="cradle_post",
        type=_MJ.mjtGeom.mjGEOM_BOX,
        pos=[-0.16, 0.0, 0.0225],
        size=[0.012, 0.02, 0.0225],
        rgba=[0.45, 0.47, 0.5, 1.0],
    )
    world.add_geom(
        name="cradle",
        type=_MJ.mjtGeom.mjGEOM_CAPSULE,
        fromto=[-0.16, -0.028, 0.047, -0.16, 0.028, 0.047],
        size=[0.008, 0.0, 0.0],
        rgba=rubber,
        solref=[0.01, 1.0],
    )


def _add_cameras(spec: Any) -> None:  # noqa: ANN401
    eye = [-0.30, 0.40, 0.58]
    spec.worldbody.add_camera(name=OVER_SHOULDER, pos=eye, xyaxes=_look(eye, [0.19, -0.01, 0.08]), fovy=52.0)
    hand = spec.body("gripper_link")
    eye, target = [0.012, 0.0, 0.082], [0.135, 0.0, 0.0]
    hand.add_camera(name=WRIST, pos=eye, xyaxes=_look(eye, target), fovy=62.0)
    hand.add_geom(
        name="wrist_camera",
        type=_MJ.mjtGeom.mjGEOM_BOX,
        pos=[0.004, 0.0, 0.088],
        size=[0.008, 0.045, 0.011],
        euler=[0.0, 0.62, 0.0],
        rgba=[0.75, 0.76, 0.79, 1.0],
        contype=0,
        conaffinity=0,
        group=1,
        mass=0.0,
    )
    hand.add_geom(
        name="wrist_camera_mount",
        type=_MJ.mjtGeom.mjGEOM_BOX,
        pos=[-0.004, 0.0, 0.044],
        size=[0.004, 0.012, 0.03],
        rgba=[0.2, 0.2, 0.22, 1.0],
        contype=0,
        conaffinity=0,
        group=1,
        mass=0.0,
    )


def _look(eye: list[float], target: list[float]) -> list[float]:
    """Right and up axes of a camera at `eye` that looks at `target` with its horizon level."""
    back = np.asarray(eye) - np.asarray(target)
    back = back / np.linalg.norm(back)
    right = np.cross([0.0, 0.0, 1.0], back)
    right = right / np.linalg.norm(right)
    return [*right, *np.cross(back, right)]
