"""Names of the tasks on the WidowX's table and of what is measured in each, known without loading the physics."""

from sim.names import require_known

# Points beside the hand, in the order of the state vector.
POINTS: dict[str, tuple[str, ...]] = {
    "reach-block": ("object", "goal"),
    "push-button": ("object", "goal"),
    "close-microwave": ("object", "goal"),
    "pot-slide": ("object", "pot", "goal"),
}
TASKS = tuple(POINTS)
CAMERAS = ("over_shoulder", "wrist")


def task_points(task: str) -> tuple[str, ...]:
    """Names of the points that the task called `task` measures.

    Raises:
        UnknownRobot: no such task; names the closest ones and all there are.
    """
    require_known(task, TASKS, what="WidowX task")
    return POINTS[task]
