"""What there is to do on the table: the things a scene holds besides the arm, and when the job is done."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from sim.world import Judgement


@runtime_checkable
class SceneTask(Protocol):
    """Things on the table and a judge. The world's origin is the arm's base_link, the table's top is z = 0.

    Attributes:
        name: of the task.
    """

    name: str

    def add_to(self, spec: Any) -> None:  # noqa: ANN401
        """Add bodies, sites and cameras to the `mujoco.MjSpec` of the scene. Free bodies count as objects."""
        ...

    def reset(self, model: Any, data: Any, random: np.random.Generator) -> None:  # noqa: ANN401
        """Lay the things out for a new episode: set their `qpos`. The arm is in place already."""
        ...

    def points(self, model: Any, data: Any) -> dict[str, Float64[np.ndarray, "3"]]:  # noqa: ANN401
        """Where the things are that a policy from states sees, in an order of the task's own [m]."""
        ...

    def judge(self, model: Any, data: Any) -> Judgement:  # noqa: ANN401
        """Reward and success at this moment."""
        ...
