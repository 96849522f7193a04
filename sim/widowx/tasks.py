"""Tasks of the twin by name."""

from collections.abc import Callable

from sim.names import require_known
from sim.widowx.close_microwave import CloseMicrowave
from sim.widowx.free_block import FreeBlock
from sim.widowx.pot_slide import PotSlide
from sim.widowx.push_button import PushButton
from sim.widowx.reach_block import ReachBlock
from sim.widowx.scene_task import SceneTask

TASKS: dict[str, Callable[[], SceneTask]] = {
    task.name: task for task in (FreeBlock, ReachBlock, PushButton, CloseMicrowave, PotSlide)
}


def make_task(name: str) -> SceneTask:
    """The task of this name.

    Raises:
        UnknownRobot: there is none; names the closest ones.
    """
    require_known(name, tuple(TASKS), what="task of the WidowX twin")
    return TASKS[name]()
