"""A scripted expert by the name of its robot, for whoever needs a policy and no training: it acts on states alone."""

from clam_robot.errors import UnknownRobot
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec
from clam_robot.interfaces import Policy
from sim.widowx_experts import expert_policy
from sim.widowx_tasks import task_points

SUITE = "widowx-twin"
_NOISE = 0.05  # of full speed


def scripted_policy(name: str, *, seed: int = 0) -> Policy:
    """The expert of a task on the WidowX's table, with a history of its own.

    Args:
        name: "widowx-twin:TASK".
        seed: of its motion's noise.

    Raises:
        UnknownRobot: no such robot or task.
    """
    suite, _, task = name.partition(":")
    if suite != SUITE:
        raise UnknownRobot(f"scripted policies are served for {SUITE}:TASK, found {name!r}")
    spec = widowx_spec(ActionConfig(), name=name, points=task_points(task))
    return expert_policy(spec, task, noise=_NOISE, seed=seed)
