"""Keeping a data set to one robot."""

from pathlib import Path

from clam_robot.episodes import attributes
from clam_robot.episodes.index import EpisodeIndex, digest
from clam_robot.errors import SpecMismatch
from clam_robot.specs import RobotSpec


def require_same_robot(root: Path, spec: RobotSpec) -> None:
    """Refuse to add episodes of another robot, task, camera or gripper to a data set.

    Args:
        root: of the data set, which need not exist yet.
        spec: what is to be recorded.

    Raises:
        SpecMismatch: names what differs, and an episode that has it otherwise.
    """
    for name, entry in EpisodeIndex(root).entries()[0].items():
        if entry.spec_digest == digest(spec):
            continue
        there = attributes.read(root / name).spec
        what = [f"robot {there.name} there, {spec.name} now"] if there.name != spec.name else []
        what += [*spec.differences(there)] or [*there.differences(spec)]
        if set(there.cameras) != set(spec.cameras):
            what = [f"cameras {_listed(there)} there, {_listed(spec)} now"]
        raise SpecMismatch(
            f"{root} holds episodes of another kind ({'; '.join(what[:2])}; {name}); "
            "record into another folder with --out"
        )


def _listed(spec: RobotSpec) -> str:
    return ", ".join(spec.cameras) or "none"
