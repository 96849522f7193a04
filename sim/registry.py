"""Simulated robots by name; nothing heavy is imported before one is made."""

from typing import Literal

from clam_robot.errors import UnknownRobot
from clam_robot.timing import Clock
from sim import dm_control_tasks, metaworld_tasks, opengl, widowx_tasks
from sim.base import SimulatedRobot
from sim.dm_control_robot import DmControlConfig, DmControlRobot
from sim.metaworld_robot import MetaWorldConfig, MetaWorldRobot
from sim.names import require_known

SUITES = {"metaworld": metaworld_tasks.TASKS, "dmcontrol": dm_control_tasks.TASKS, "widowx-twin": widowx_tasks.TASKS}


def make_robot(
    name: str,
    clock: Clock,
    *,
    cameras: tuple[str, ...] = (),
    image_size: tuple[int, int] = (224, 224),
    gripper: Literal["binary", "continuous"] = "binary",
    horizon: int | None = None,
) -> SimulatedRobot:
    """The robot called "metaworld:TASK", "dmcontrol:DOMAIN-TASK" or "widowx-twin:TASK", not yet connected.

    Args:
        name: suite and task, as `list_robots` gives them.
        clock: stamps the observations.
        cameras: cameras in the observation.
        image_size: height and width of their pictures [pixel].
        gripper: how a gripper is commanded, where there is one.
        horizon: control periods per episode; None for the suite's own.

    Raises:
        UnknownRobot: no such suite, task or camera; names those there are.
    """
    suite, colon, task = name.partition(":")
    require_known(suite, tuple(SUITES), what="simulator")
    if not colon or not task:
        raise UnknownRobot(f"expected SUITE:TASK such as {suite}:{next(iter(SUITES[suite]))}, found {name!r}")
    height, width = image_size
    if suite == "dmcontrol":
        body = DmControlConfig(task=task, cameras=cameras, image_height=height, image_width=width, horizon=horizon)
        return DmControlRobot(body, clock)
    if suite == "widowx-twin":
        # Loads MuJoCo, which the arm's kinematics are computed with; the choice of OpenGL comes before.
        opengl.select_backend()
        from clam_robot.hardware.widowx import WidowXConfig
        from clam_robot.hardware.widowx_spec import ActionConfig
        from sim.widowx_robot import WidowXTwin, WidowXTwinConfig

        table = WidowXTwinConfig(
            task=task,
            arm=WidowXConfig(action=ActionConfig(gripper=gripper)),
            cameras=cameras,
            image_height=height,
            image_width=width,
            horizon=WidowXTwinConfig.horizon if horizon is None else horizon,
        )
        return WidowXTwin(table, clock)
    scene = MetaWorldConfig(
        task=task,
        gripper=gripper,
        cameras=cameras,
        image_height=height,
        image_width=width,
        horizon=MetaWorldConfig.horizon if horizon is None else horizon,
    )
    return MetaWorldRobot(scene, clock)


def list_robots() -> list[str]:
    """Every name `make_robot` knows."""
    return [f"{suite}:{task}" for suite, tasks in SUITES.items() for task in tasks]
