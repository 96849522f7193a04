"""The simulated robot a policy was made for, or the one a person names."""

from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock
from sim.base import SimulatedRobot
from sim.registry import make_robot


def robot_for(spec: RobotSpec, clock: Clock, name: str | None = None, *, horizon: int | None = None) -> SimulatedRobot:
    """A robot with the cameras and gripper that `spec` asks for, not yet connected.

    Args:
        spec: what the policy was made for.
        clock: stamps the observations.
        name: another robot; the one in `spec` by default.
        horizon: control periods per episode; None for the suite's own.

    Raises:
        UnknownRobot: no such robot; lists those there are.
        SpecMismatch: the robot does not fit; names the entries.
    """
    sizes = {(camera.height, camera.width) for camera in spec.cameras.values()}
    robot = make_robot(
        name or spec.name,
        clock,
        cameras=tuple(spec.cameras),
        image_size=sizes.pop() if sizes else (224, 224),
        gripper="binary" if spec.gripper is None else spec.gripper.mode,
        horizon=horizon,
    )
    spec.require(robot.spec, what=f"policy for {spec.name} on robot {robot.spec.name}")
    return robot
