"""Tasks of the twin by name."""

from collections.abc import Callable

from sim.names import require_known
from sim.widowx.free_block import FreeBlock
from sim.widowx.scene_task import SceneTask

TASKS: dict[str, Callable[[], SceneTask]] = {FreeBlock.name: FreeBlock}


def make_task(name: str) -> SceneTask:
    """The task of this name.

    Raises:
        UnknownRobot: there is none; names the closest ones.
    """
    require_known(name, tuple(TASKS), what="task of the WidowX twin")
    return TASKS[name]()
