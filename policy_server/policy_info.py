"""What a server says of the policy it serves: the first frame of a connection, and `GET /v1/spec`."""

from dataclasses import dataclass, field, fields
from typing import Any

from clam_robot import __version__, config
from clam_robot.errors import ConfigError, SpecMismatch
from clam_robot.specs import RobotSpec

PROTOCOL_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class PolicyInfo(config.Strict):
    """A policy, as a client needs to know it before sending anything.

    Attributes:
        policy: name of the policy, such as the method that trained it.
        robot: the robot it acts for.
        horizon: rows of an action chunk.
        dt: time between rows [s].
        gripper: which way the gripper's action goes, in words; the same in `robot.gripper` for programs.
        observation_keys: keys a request must have.
        max_frame_bytes: largest frame the server reads.
        model: name that the server has it under.
        checkpoint: names its weights; "" where it has none.
        latent_dims: entries of a latent action; None when the policy has none.
        summary: where the policy comes from (checkpoint, training data, ...), for people.
        protocol_version: of these messages; a client refuses another.
        software_version: of clam-robot.
    """

    policy: str
    robot: RobotSpec
    horizon: int
    dt: float
    gripper: str
    observation_keys: tuple[str, ...]
    max_frame_bytes: int
    model: str = "default"
    checkpoint: str = ""
    latent_dims: int | None = None
    summary: dict[str, Any] = field(default_factory=dict[str, Any])
    protocol_version: int = PROTOCOL_VERSION
    software_version: str = __version__

    def require_robot_of(self, before: "PolicyInfo | None") -> None:
        """Refuse a server that came back with a policy for another robot.

        Raises:
            SpecMismatch: names what differs.
        """
        if before is not None and self.robot != before.robot:
            differences = "; ".join(before.robot.differences(self.robot)) or f"it is now {self.robot.name}"
            raise SpecMismatch(f"expected the robot of before, found {differences}")

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe dictionary."""
        return config.to_dict(self)

    @classmethod
    def from_metadata(cls, metadata: object, *, source: str) -> "PolicyInfo":
        """Inverse of `to_dict`. Unknown keys are left out: a newer server may say more.

        Args:
            source: who sent it, for the error message.

        Raises:
            ConfigError: another protocol, or a field that is missing or does not fit; says which.
        """
        if not isinstance(metadata, dict) or "protocol_version" not in metadata:
            raise ConfigError(f"{source}: expected a server of clam-robot, found one that names no protocol version")
        if metadata["protocol_version"] != PROTOCOL_VERSION:
            raise ConfigError(
                f"{source}: expected protocol version {PROTOCOL_VERSION}, "
                f"found {metadata['protocol_version']!r:.40}; use the same release of clam-robot on both sides"
            )
        known = {entry.name for entry in fields(cls)}
        return config.from_dict(PolicyInfo, {key: metadata[key] for key in metadata if key in known}, source=source)


def gripper_in_words(spec: RobotSpec) -> str:
    """Which way the gripper's action goes: laboratories differ, and guessing wrong drops things."""
    gripper = spec.gripper
    if gripper is None:
        return "none"
    opposite = "below" if gripper.closes == "above" else "above"
    return (
        f"action entry {gripper.action!r}, {gripper.mode}: {gripper.closes} {gripper.threshold:g} closes, "
        f"{opposite} opens"
    )
