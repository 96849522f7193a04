"""How fast engines are, and whether they say what the actor says."""

import math

from torch import Tensor

from clam_robot.models.actor import Actor
from clam_robot.models.engines.engine import Engine
from clam_robot.models.view import View
from clam_robot.timing import Clock

BATCH_SIZES = (1, 8)
_LEAST_CALLS, _MOST_CALLS, _ENOUGH_S = 3, 50, 0.2


class Trial:
    """Observations like those of training, and what the actor answers to them.

    Args:
        actor: in evaluation mode.
        view: what it sees.
        clock: measures.
        batch_sizes: robots at once.
    """

    def __init__(self, actor: Actor, view: View, clock: Clock, batch_sizes: tuple[int, ...] = BATCH_SIZES) -> None:
        self._actor = actor
        self._clock = clock
        mean, std = actor.features.mean, actor.features.std
        self._inputs = {size: view.random(mean, std, size, seed=size) for size in batch_sizes}
        self._answers = {size: actor.act(*inputs) for size, inputs in self._inputs.items()}

    def difference(self, engine: Engine) -> float:
        """The largest one to the actor's answers, as a share of an action's range or a latent action's deviation.

        Infinity where the answers are of another shape, or no numbers.
        """
        return max(self._distance(engine.act(*self._inputs[size]), self._answers[size]) for size in self._inputs)

    def seconds(self, engine: Engine) -> dict[int, float]:
        """The shortest time of a pass by batch size [s]; what else the machine does can only add to it."""
        return {size: self._shortest(engine, size) for size in self._inputs}

    def _shortest(self, engine: Engine, size: int) -> float:
        times: list[float] = []
        while len(times) < _LEAST_CALLS or (len(times) < _MOST_CALLS and sum(times) < _ENOUGH_S):
            begun = self._clock.now()
            engine.act(*self._inputs[size])
            times.append(self._clock.now() - begun)
        return min(times)

    def _distance(self, found: tuple[Tensor, Tensor | None], expected: tuple[Tensor, Tensor | None]) -> float:
        scale = self._actor.scale
        parts = [(found[0], expected[0], scale.high - scale.low)]
        if found[1] is not None and expected[1] is not None:
            parts.append((found[1], expected[1], self._actor.network.std))
        if (found[1] is None) != (expected[1] is None) or any(a.shape != b.shape for a, b, _ in parts):
            return math.inf
        distance = max(((a - b).abs() / unit).max().item() for a, b, unit in parts)
        return math.inf if math.isnan(distance) else distance
