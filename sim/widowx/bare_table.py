"""Nothing to do: an empty table, as one is cleared for calibration."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from sim.world import Judgement


class BareTable:
    """A `SceneTask` with nothing on the table, which is never solved."""

    name = "bare"

    def add_to(self, spec: Any) -> None:  # noqa: ANN401
        """Nothing."""

    def reset(self, model: Any, data: Any, random: np.random.Generator) -> None:  # noqa: ANN401
        """Nothing to lay out."""

    def points(self, model: Any, data: Any) -> dict[str, Float64[np.ndarray, "3"]]:  # noqa: ANN401
        """None."""
        return {}

    def judge(self, model: Any, data: Any) -> Judgement:  # noqa: ANN401
        """No reward."""
        return Judgement(reward=0.0, success=False)
