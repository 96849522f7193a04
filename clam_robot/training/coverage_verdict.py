"""Whether play is enough, what is lacking if not, and what to record then."""

from dataclasses import dataclass

from clam_robot import config
from clam_robot.training.coverage import Coverage

# Read off nine tasks of MetaWorld: 50 episodes of play, with which CLAM solves them, mostly stay within these limits,
# 2 to 6 episodes do not.
_MOST_FAR = 0.3
_MOST_UNKNOWN = 0.1
_MOST_ERROR = 0.4
_LEAST_VISITED = 0.2
_LEAST_GRIPPER_CHANGES = 20
_LEAST_STEPS = 1000


@dataclass(frozen=True, kw_only=True)
class Verdict(config.Strict):
    """What coverage comes to.

    Attributes:
        lacking: what play lacks, a sentence each that ends in what to record.
        unknown: what cannot be told from this play, a sentence each.
    """

    lacking: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        """Nothing is lacking, and nothing that matters is unknown."""
        return not self.lacking and not self.unknown


def judge(coverage: Coverage) -> Verdict:
    """Play is enough if demonstrations stay near it, its decoder errs little there, and hand and gripper were used."""
    return Verdict(lacking=tuple(_lacking(coverage)), unknown=tuple(_unknown(coverage)))


def is_too_much(share_of_guessing: float) -> bool:
    """Whether an action entry is expected to be decoded too badly to act on."""
    return share_of_guessing > _MOST_ERROR


def _lacking(coverage: Coverage) -> list[str]:
    lacking: list[str] = []
    if coverage.far_share > _MOST_FAR:
        lacking.append(
            f"{_percent(coverage.far_share)} of the demonstrations' steps are far from all play "
            f"(at most {_percent(_MOST_FAR)}): record play that moves as the demonstrations do, as fast and in the "
            "same directions"
        )
    for name, share in zip(coverage.names, coverage.share_of_guessing, strict=True):
        if is_too_much(share):
            use = "grasp, carry and let go" if name == coverage.gripper else f"vary {name}, slow and fast"
            lacking.append(
                f"{name}: expected error is {_percent(share)} of that of guessing (at most {_percent(_MOST_ERROR)}): "
                f"record play in which you {use}"
            )
    lacking += [
        f"play has visited {_percent(coverage.workspace[name])} of the places where the {name} goes in demonstrations "
        f"(at least {_percent(_LEAST_VISITED)}): record play there"
        for name in coverage.own_points
        if coverage.workspace[name] < _LEAST_VISITED
    ]
    if coverage.gripper_changes is not None and coverage.gripper_changes < _LEAST_GRIPPER_CHANGES:
        lacking.append(
            f"the gripper changes side {coverage.gripper_changes} times (at least {_LEAST_GRIPPER_CHANGES}): "
            "record play that opens and closes it, on things and in the air"
        )
    return lacking


def _unknown(coverage: Coverage) -> list[str]:
    unknown: list[str] = []
    if coverage.num_steps < _LEAST_STEPS:
        unknown.append(
            f"errors were measured on {coverage.num_steps} labelled steps, too few to be sure of them "
            f"(at least {_LEAST_STEPS}): record more play, or raise --num-labeled"
        )
    if coverage.unknown_share > _MOST_UNKNOWN:
        unknown.append(
            f"{_percent(coverage.unknown_share)} of the demonstrations' steps are farther from play than errors were "
            f"measured at (at most {_percent(_MOST_UNKNOWN)}): the error there is extrapolated and may be larger"
        )
    still = [
        name
        for name, variance in zip(coverage.names, coverage.variance, strict=True)
        if variance == 0 and name != coverage.gripper
    ]
    if still:
        unknown.append(
            f"play never varies {', '.join(still)}: whether demonstrations do cannot be told; record play that does"
        )
    return unknown


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
