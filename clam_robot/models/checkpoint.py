"""A trained policy as a folder: `weights.safetensors` and a readable `checkpoint.json`.

The header holds everything needed to rebuild and use the policy: the robot's spec, the configuration of features and
networks, and how it was trained. Scales and means are among the weights. Nothing is pickled.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from clam_robot import config
from clam_robot.errors import CheckpointError, ConfigError, InvalidSpec
from clam_robot.models.action_scale import ActionScale
from clam_robot.models.actor import Actor
from clam_robot.models.actor_group import ActorGroup
from clam_robot.models.actor_policy import ActorPolicy
from clam_robot.models.architectures import build_policy
from clam_robot.models.engines.choice import make_engine
from clam_robot.models.engines.names import EngineName
from clam_robot.models.features import FeatureConfig, StateFeatures
from clam_robot.models.latent_action_model import LatentActionConfig, action_decoder
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.view import View
from clam_robot.models.vision import VisionConfig
from clam_robot.specs import RobotSpec

FORMAT_VERSION = 2
HEADER = "checkpoint.json"
WEIGHTS = "weights.safetensors"
ENCODER = "encoder.pt2"


@dataclass(frozen=True, kw_only=True)
class TrainingSummary(config.Strict):
    """How a policy was trained, for people.

    Attributes:
        play: data set of labelled play; None where the method uses none.
        demonstrations: data set of demonstrations; None where the method uses none.
        num_labeled: labelled play episodes.
        label_set: which draw of them.
        num_demonstrations: demonstrations.
        seed: of weights, batches and dropout.
        seconds: wall time of the run, with calls that were interrupted [s].
    """

    play: str | None
    demonstrations: str | None
    num_labeled: int
    label_set: int
    num_demonstrations: int
    seed: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CheckpointHeader(config.Strict):
    """What a checkpoint says of itself.

    Attributes:
        method: how it was trained, a `Method` of `clam_robot.training.config`.
        spec: the robot it acts for.
        features: of states.
        vision: what is seen through a camera.
        policy: shape of the policy network.
        latent: shape of the latent action model; None where the policy speaks in actions.
        training: how it was trained, for people.
        format_version: of this layout.
        software_version: that wrote it.
    """

    method: str
    spec: RobotSpec
    features: FeatureConfig
    vision: VisionConfig
    policy: PolicyConfig
    latent: LatentActionConfig | None
    training: TrainingSummary
    format_version: Literal[2] = FORMAT_VERSION
    software_version: str = ""

    @property
    def view(self) -> View:
        """What the policy sees of the robot."""
        return View(spec=self.spec, history=self.policy.history, camera=self.vision.camera)


def build_actor(header: CheckpointHeader) -> Actor:
    """An untrained actor of the header's shape."""
    features = StateFeatures(header.spec, header.features)
    num_actions = len(header.spec.action)
    num_targets = num_actions if header.latent is None else header.latent.latent_dim
    return Actor(
        features=features,
        network=build_policy(features.layout, num_targets=num_targets, config=header.policy, vision=header.vision),
        decoder=None if header.latent is None else action_decoder(header.latent, num_actions),
        scale=ActionScale(header.spec.action),
        frame_size=header.vision.size,
    )


def load_policy(path: Path) -> tuple[ActorPolicy, CheckpointHeader]:
    """A trained policy, and what the checkpoint says of it.

    Raises:
        CheckpointError: missing, damaged, or weights that do not fit the header.
    """
    actor, header = load_checkpoint(path)
    return policy_of(actor, header), header


def policy_of(actor: Actor, header: CheckpointHeader) -> ActorPolicy:
    """An actor for one robot, with a history of its own; several may share one actor."""
    return group_of(actor, header).new()


def group_of(actor: Actor, header: CheckpointHeader, *, engine: EngineName = "eager", threads: int = 1) -> ActorGroup:
    """A policy for any number of robots.

    Args:
        actor: trained; put into evaluation mode.
        header: of its checkpoint.
        engine: computes its passes.
        threads: of one pass.

    Raises:
        EngineUnavailable: the engine cannot be built here, or does not say what the actor says.
    """
    return ActorGroup(make_engine(engine, actor, header.view, threads=threads), header.view)


def save_checkpoint(path: Path, actor: Actor, header: CheckpointHeader) -> None:
    """Write a checkpoint folder; an older one at `path` is replaced only when the new one is complete.

    A pretrained encoder goes into it, so that the folder is all that a robot's machine needs.

    Raises:
        CheckpointError: the disk refuses.
    """
    partial, old = path.with_name(f".{path.name}.partial"), _set_aside(path)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        if header.vision.encoder is not None:
            shutil.copyfile(header.vision.encoder, partial / ENCODER)
            header = _with_encoder(header, Path(ENCODER))
        save_file({name: tensor.contiguous() for name, tensor in actor.state_dict().items()}, partial / WEIGHTS)
        (partial / HEADER).write_text(json.dumps(config.to_dict(header), indent=1))
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
        partial.rename(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot write the checkpoint {path}: {error}; is the disk full?") from error
    shutil.rmtree(old, ignore_errors=True)


def load_header(path: Path) -> CheckpointHeader:
    """Read what a checkpoint says of itself, without its weights.

    Raises:
        CheckpointError: no checkpoint at `path`, or one of another version or kind.
    """
    folder = _whole(path)
    if not (folder / HEADER).is_file():
        raise CheckpointError(f"no checkpoint at {path}: expected a folder with {HEADER}; `clam train` writes one")
    try:
        header = config.load(CheckpointHeader, folder / HEADER)
    except ConfigError as error:
        raise CheckpointError(f"the checkpoint at {path} cannot be read: {error}") from None
    encoder = header.vision.encoder
    return header if encoder is None else _with_encoder(header, folder / encoder)


def load_checkpoint(path: Path) -> tuple[Actor, CheckpointHeader]:
    """Rebuild a trained actor, in evaluation mode.

    Raises:
        CheckpointError: missing, damaged, or weights that do not fit the header.
    """
    header = load_header(path)
    weights = _whole(path) / WEIGHTS
    try:
        actor = build_actor(header)
        actor.load_state_dict(load_file(weights))
    except FileNotFoundError:
        raise CheckpointError(f"the checkpoint at {path} has no {WEIGHTS}; copy the whole folder") from None
    except (SafetensorError, InvalidSpec, ConfigError, RuntimeError, OSError) as error:
        last = str(error).strip().splitlines()[-1].strip()
        raise CheckpointError(
            f"{weights} does not fit its header or is damaged ({last}); copy the folder again, or train again"
        ) from None
    return actor.eval(), header


def checkpoint_id(path: Path) -> str:
    """Names a checkpoint by its folder and the digest of its weights, so that two of one name can be told apart.

    Raises:
        CheckpointError: no weights at `path`.
    """
    try:
        with (_whole(path) / WEIGHTS).open("rb") as file:
            return f"{path.name}@{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
    except OSError as error:
        raise CheckpointError(f"the checkpoint at {path} cannot be read: {error.strerror}") from None


def _with_encoder(header: CheckpointHeader, encoder: Path) -> CheckpointHeader:
    return replace(header, vision=replace(header.vision, encoder=encoder))


def _set_aside(path: Path) -> Path:
    """Where the older checkpoint waits while the new one takes its name."""
    return path.with_name(f".{path.name}.old")


def _whole(path: Path) -> Path:
    """The checkpoint at `path`; the older one where a kill came in the moment between the two."""
    return path if path.exists() or not _set_aside(path).exists() else _set_aside(path)
