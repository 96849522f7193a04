"""Where things lie in the flat features of a window, as `StateFeatures.context` lays them out."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

# What inverse dynamics looks at: all of a window, or what moves in it.
Sees = Literal["motion", "window"]


@dataclass(frozen=True, kw_only=True)
class WindowLayout:
    """A window is its present state, the change of every step in it, and the gripper in every frame.

    Attributes:
        past: frames before the present one.
        future: frames after it.
        num_present: P, features of the present state.
        num_change: D, features of one step's change.
        num_grippers: G, gripper entries of a frame.
        own: which of the D are the robot's own; all of them where it is empty.
    """

    past: int
    future: int
    num_present: int
    num_change: int
    num_grippers: int
    own: tuple[int, ...] = ()

    @property
    def num_frames(self) -> int:
        """W."""
        return self.past + 1 + self.future

    @property
    def num_context(self) -> int:
        """C, all features of a window."""
        return self.num_present + (self.num_frames - 1) * self.num_change + self.num_frames * self.num_grippers

    def num_seen(self, sees: Sees) -> int:
        """Features that `seen` gives."""
        if sees == "window":
            return self.num_context
        return (self.num_frames - 1) * self._num_own + self.num_frames * self.num_grippers

    def num_step(self, sees: Sees) -> int:
        """Features of one step in `steps`."""
        return (self.num_change if sees == "window" else self._num_own) + 2 * self.num_grippers

    def num_history(self, length: int) -> int:
        """Features that `history` gives."""
        return self.num_present + length * self.num_change

    def present(self, context: Float[Tensor, "*batch C"]) -> Float[Tensor, "*batch P"]:
        """The present state."""
        return context[..., : self.num_present]

    def seen(self, context: Float[Tensor, "*batch C"], sees: Sees) -> Float[Tensor, "*batch seen"]:
        """Everything, or how the robot itself moved in every step, and its gripper in every frame, wherever it was."""
        if sees == "window":
            return context
        return torch.cat([self._own_changes(context).flatten(-2), context[..., self._first_gripper :]], dim=-1)

    def changes(self, context: Float[Tensor, "*batch C"]) -> Float[Tensor, "*batch steps D"]:
        """The change of every step, the first past one first; step `past` leaves the present."""
        return context[..., self.num_present : self._first_gripper].unflatten(
            -1, (self.num_frames - 1, self.num_change)
        )

    def next_changes(self, context: Float[Tensor, "*batch C"], num_steps: int) -> Float[Tensor, "*batch steps D"]:
        """The changes of the steps that follow the present."""
        return self.changes(context)[..., self.past : self.past + num_steps, :]

    def steps(self, context: Float[Tensor, "*batch C"], sees: Sees) -> Float[Tensor, "*batch steps step"]:
        """Every step's change, of all or of the robot itself, with the grippers before and after it."""
        changes = self.changes(context) if sees == "window" else self._own_changes(context)
        grippers = context[..., self._first_gripper :].unflatten(-1, (self.num_frames, self.num_grippers))
        return torch.cat([changes, grippers[..., :-1, :], grippers[..., 1:, :]], dim=-1)

    def history(self, context: Float[Tensor, "*batch C"], length: int) -> Float[Tensor, "*batch history"]:
        """What may be known at the present moment: the present state and the last `length` changes before it."""
        start = self.num_present + (self.past - length) * self.num_change
        return torch.cat(
            [self.present(context), context[..., start : self.num_present + self.past * self.num_change]], dim=-1
        )

    @property
    def _num_own(self) -> int:
        return len(self.own) or self.num_change

    @property
    def _first_gripper(self) -> int:
        return self.num_present + (self.num_frames - 1) * self.num_change

    def _own_changes(self, context: Float[Tensor, "*batch C"]) -> Float[Tensor, "*batch steps own"]:
        return self.changes(context)[..., list(self.own)] if self.own else self.changes(context)
