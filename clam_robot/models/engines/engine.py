"""What computes an actor's pass."""

from typing import Protocol, TypeAlias, runtime_checkable

from jaxtyping import Float, UInt8
from torch import Tensor

Answer: TypeAlias = tuple[Float[Tensor, "B H A"], Float[Tensor, "B H Z"] | None]


@runtime_checkable
class Engine(Protocol):
    """Answers as `Actor.act`, which is itself one, for any B from 1 on; used by one thread at a time."""

    def act(self, states: Float[Tensor, "B T S"], frames: UInt8[Tensor, "B T height width 3"] | None = None) -> Answer:
        """Actions in physical units, and the latent actions they were decoded from, in arrays of the caller's own."""
        ...
