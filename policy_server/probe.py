"""Asks a policy before anyone else does: finds its horizon, and pays for the slow first inferences."""

import numpy as np

from clam_robot.errors import PolicyRefused, ServerError
from clam_robot.interfaces import PolicyGroup
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from policy_server.config import ServerConfig
from policy_server.policy_info import PolicyInfo, gripper_in_words
from policy_server.protocol import observation_keys, require_executable
from policy_server.served_model import ModelSource


def probe(source: ModelSource, config: ServerConfig, *, model: str) -> PolicyInfo:
    """What clients are told of a policy.

    Raises:
        ServerError: the policy cannot answer blank observations of its own robot, one alone or two at once.
    """
    group, spec = source.group, source.group.spec
    try:
        chunk = _ask(group, 1)
        _ask(group, 2)
    except Exception as error:
        raise ServerError(
            f"policy {source.policy}: expected an answer to a blank observation, found {type(error).__name__}: "
            f"{error}; a policy that cannot answer is not served"
        ) from error
    return PolicyInfo(
        policy=source.policy,
        model=model,
        checkpoint=source.checkpoint,
        robot=spec,
        horizon=len(chunk.actions),
        dt=chunk.dt,
        gripper=gripper_in_words(spec),
        observation_keys=observation_keys(spec),
        max_frame_bytes=config.max_frame_bytes,
        latent_dims=None if chunk.latent_actions is None else chunk.latent_actions.shape[1],
        summary=source.summary or {},
    )


def _ask(group: PolicyGroup, num_robots: int) -> ActionChunk:
    policies = [group.new() for _ in range(num_robots)]
    for policy in policies:
        policy.reset()
    chunks = group.infer(policies, [blank_observation(group.spec)] * num_robots)
    if len(chunks) != num_robots:
        raise PolicyRefused(f"expected {num_robots} answers, found {len(chunks)}")
    for chunk in chunks:
        require_executable(chunk, group.spec)
    return chunks[0]


def blank_observation(spec: RobotSpec) -> Observation:
    """Black images, and a state as near to zero as its bounds allow."""
    state = np.clip(np.zeros(len(spec.state), np.float32), spec.state.low_array, spec.state.high_array)
    images = {camera: np.zeros(size.shape, np.uint8) for camera, size in spec.cameras.items()}
    return Observation(time=0.0, state=state, images=images, image_times=dict.fromkeys(images, 0.0))
