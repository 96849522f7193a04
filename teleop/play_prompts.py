"""Chooses what to ask a person at play for, one thing at a time."""

from collections.abc import Callable, Mapping, Sequence

from teleop.session_state import Coverage

_PATIENCE = 4.0  # [s] for which one thing is asked for, unless it is done or cannot be done any more
_LOOK_EVERY = 0.5  # [s]
ENOUGH = "this play has shown everything once: go on as you like, or end the episode"

_Say = Callable[[Coverage], str]
# What is asked for while nothing is held, and while something is.
_EMPTY_HANDED: Mapping[str, _Say] = {
    "holding something": lambda _: "grasp something: go down on it with open fingers, then close them",
    "grasps": lambda _: "grasp something: go down on it with open fingers, then close them",
    "carries": lambda _: "grasp something, then carry it somewhere else",
    "releases": lambda _: "grasp something, then let go of it",
    "re-grasps": lambda _: "open the fingers and close them again at once, on the thing or above it",
    "gripper transitions": lambda _: "open and close the fingers more often, on the thing and above it",
    "pushes": lambda _: "push the thing sideways with closed fingers",
    "workspace": lambda each: f"go where you have not been: {each.missing}",
    "speeds": lambda each: f"move {each.missing}",
    "turning": lambda _: "turn the hand: roll, pitch or yaw",
}
_HOLDING: Mapping[str, _Say] = {
    "carries": lambda _: "carry it somewhere else",
    "releases": lambda _: "let go of it: open the fingers",
    "re-grasps": lambda _: "let go of it, and close the fingers again at once",
    "gripper transitions": lambda _: "let go of it, and close the fingers again at once",
    "workspace": lambda each: f"carry it where you have not been: {each.missing}",
    "speeds": lambda each: f"carry it {each.missing}",
    "turning": lambda _: "turn what you hold: roll, pitch or yaw",
    "grasps": lambda _: "let go of it, then grasp it anew, somewhere else on it",
    "pushes": lambda _: "let go of it, then push it sideways with closed fingers",
    "holding something": lambda _: "hold on to it and carry it about",
}


class Prompter:
    """Asks for what is lacking most, of what can be done now; what was asked for in vain comes later the next time.

    Args:
        hz: control periods per second.
    """

    def __init__(self, hz: float) -> None:
        self._patience, self._look_every = max(1, round(_PATIENCE * hz)), max(1, round(_LOOK_EVERY * hz))
        self._asked = ""
        self._in_vain: dict[str, tuple[float, int]] = {}
        self._num_steps, self._was_holding = 0, False
        self.prompt = _EMPTY_HANDED["grasps"](Coverage(name="grasps", value=0.0, target=1.0, unit="times"))

    def update(self, coverage: Callable[[], Sequence[Coverage]], *, is_holding: bool) -> None:
        """One control period has passed.

        Args:
            coverage: of the play so far; asked for now and then.
            is_holding: whether something is in the gripper.
        """
        self._num_steps += 1
        is_same = self._was_holding == is_holding and self._asked != ""
        if is_same and self._num_steps % self._look_every:
            return
        says = _HOLDING if is_holding else _EMPTY_HANDED
        lacking = {each.name: each for each in coverage() if each.value < each.target and each.name in says}
        is_same = is_same and self._asked in lacking
        if is_same and self._num_steps < self._patience:
            return
        self._was_holding, self._num_steps = is_holding, 0
        if not lacking:
            self._asked, self.prompt = "", ENOUGH
            return

        order = list(says)

        def urgency(name: str) -> tuple[int, float, int]:
            return self._times(lacking[name]), lacking[name].value / lacking[name].target, order.index(name)

        chosen = lacking[min(lacking, key=urgency)]
        self._in_vain[chosen.name] = (chosen.value, self._times(chosen) + 1)
        self._asked, self.prompt = chosen.name, says[chosen.name](chosen)

    def _times(self, coverage: Coverage) -> int:
        """How often it was asked for since it last rose."""
        value, times = self._in_vain.get(coverage.name, (-1.0, 0))
        return times if coverage.value <= value else 0
