"""What the models see of a state vector, derived from the names and units in the robot's spec.

Raw states serve inverse dynamics badly: entries that hardly move explode when each is standardised by itself, and
what tells an action is how far things moved and how the hand stands to the object. So changes are measured in one
scale per unit (all metres alike), points are compared with one another, and entries that never change are left out.
The same features serve CLAM and every baseline.
"""

from dataclasses import dataclass
from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.models.window_layout import WindowLayout
from clam_robot.specs import RobotSpec

PREVIOUS = "prev_"
GRIPPER = "gripper"
NOTHING = ("none",)  # of the state, as entries to see
# An entry counts as constant below this standard deviation, in its own unit.
_CONSTANT = 1e-5


@dataclass(frozen=True, kw_only=True)
class FeatureConfig(config.Strict):
    """Which states a window holds and how they are scaled.

    Attributes:
        past: frames before the present one that inverse dynamics sees.
        future: frames after it, at least 1; demonstrations are relabelled off line, so looking ahead is legal.
        std_floor: smallest standard deviation of an entry, as a share of the typical one of its unit.
        entries: beginnings of the names of the state's entries to see; all by default. With a camera, a robot's own
            joints or hand are enough: `hand`, `gripper`; or `none`, where frames are to be all.
        things: beginnings of the names of entries that are not the robot's own. Inverse dynamics that sees motion
            leaves them out: few labels do not tell what the many ways a thing moves have to do with the action.
    """

    past: int = 2
    future: int = 2
    std_floor: float = 0.1
    entries: tuple[str, ...] = ()
    things: tuple[str, ...] = ("object", "goal", "pot")

    def __post_init__(self) -> None:
        for name, least in (("past", 0), ("future", 1), ("std_floor", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, found {getattr(self, name)}")

    def sees(self, name: str) -> bool:
        """Whether the entry of this name is to be seen; copies of the state before are not, a window has it anyway."""
        return not name.startswith(PREVIOUS) and (not self.entries or name.startswith(self.entries))


class StateFeatures(nn.Module):
    """Features of one state (`present`), of a window (`context`) and of what led to the present (`history`).

    Attributes:
        layout: of `context`.

    Raises:
        ConfigError: none of the state's entries is to be seen.
    """

    mean: Tensor
    std: Tensor
    change_scale: Tensor
    relation_scale: Tensor
    kept: Tensor
    _from: Tensor
    _to: Tensor

    def __init__(self, spec: RobotSpec, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        size = len(spec.state)
        names = spec.state.names
        units = spec.state.units
        self._units = [[i for i in range(size) if units[i] == unit] for unit in sorted(set(units))]
        self._grippers = [i for i, name in enumerate(names) if name.startswith(GRIPPER) and config.sees(name)]
        seen = [config.sees(name) for name in names]
        if not any(seen) and config.entries != NOTHING:
            raise ConfigError(f"entries: expected beginnings of {', '.join(names)}, found {', '.join(config.entries)}")
        everywhere = [(name, range(size)[where]) for name, where in spec.state.points.items()]
        points = [where for _, where in everywhere if all(seen[i] for i in where)]
        relations = list(combinations(points, 2))
        self._num_relations = len(relations)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))
        self.register_buffer("change_scale", torch.ones(size))
        self.register_buffer("relation_scale", torch.ones(3 * len(relations)))
        self.register_buffer("kept", torch.tensor(seen))
        for end, name in enumerate(("_from", "_to")):
            entries = torch.tensor([i for relation in relations for i in relation[end]], dtype=torch.long)
            self.register_buffer(name, entries, persistent=False)
        self.layout = WindowLayout(
            past=config.past,
            future=config.future,
            num_present=size + 3 * len(relations),
            num_change=size,
            num_grippers=len(self._grippers),
            own=tuple(i for i, name in enumerate(names) if seen[i] and not name.startswith(config.things)),
        )

    @torch.no_grad()
    def fit(self, states: Float[Tensor, "N S"], changes: Float[Tensor, "N S"]) -> None:
        """Measure means and scales.

        Args:
            states: states of the training data.
            changes: differences between each of these states and the next.
        """
        std = states.std(0)
        self.kept &= std > _CONSTANT
        self.mean.copy_(states.mean(0))
        for entries in self._units:
            used = [i for i in entries if bool(self.kept[i])]
            if not used:
                continue
            typical = std[used].square().mean().sqrt()
            self.std[used] = std[used].clamp_min(float(self.config.std_floor * typical))
            self.change_scale[used] = _scale(changes[:, used].square().mean())
        squares = self._relations(states).square().mean(0).view(self._num_relations, 3).mean(1)
        self.relation_scale.copy_(_scale(squares).repeat_interleave(3))

    def present(self, state: Float[Tensor, "*batch S"]) -> Float[Tensor, "*batch P"]:
        """One state: every entry standardised, and how each point stands to each other one."""
        entries = (state - self.mean) / self.std * self.kept
        return torch.cat([entries, self._relations(state) / self.relation_scale], dim=-1)

    def context(self, states: Float[Tensor, "*batch W S"]) -> Float[Tensor, "*batch C"]:
        """A window: its present state, every step's change, and the gripper in every frame."""
        steps = (states[..., 1:, :] - states[..., :-1, :]) / self.change_scale * self.kept
        grippers = ((states - self.mean) / self.std * self.kept)[..., self._grippers]
        return torch.cat(
            [self.present(states[..., self.config.past, :]), steps.flatten(-2), grippers.flatten(-2)], dim=-1
        )

    def history(self, states: Float[Tensor, "*batch T S"]) -> Float[Tensor, "*batch history"]:
        """The present state, which is the last one, and every step's change up to it; see `WindowLayout.history`."""
        steps = (states[..., 1:, :] - states[..., :-1, :]) / self.change_scale * self.kept
        return torch.cat([self.present(states[..., -1, :]), steps.flatten(-2)], dim=-1)

    def _relations(self, state: Float[Tensor, "*batch S"]) -> Float[Tensor, "*batch R"]:
        return state[..., self._to] - state[..., self._from]


def _scale(mean_square: Tensor) -> Tensor:
    """Root of a mean square; 1 where nothing ever differed, so that a first difference is not blown up."""
    root = mean_square.sqrt()
    return torch.where(root > _CONSTANT, root, torch.ones_like(root))
