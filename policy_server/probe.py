"""Asks a policy once, before anyone else does: finds its horizon, and pays for the slow first inference."""

from typing import Any

import numpy as np

from clam_robot.errors import ServerError
from clam_robot.interfaces import Policy
from clam_robot.specs import RobotSpec
from clam_robot.types import Observation
from policy_server.config import ServerConfig
from policy_server.policy_info import PolicyInfo, gripper_in_words
from policy_server.protocol import observation_keys, require_executable


def probe(policy: Policy, config: ServerConfig, *, name: str, summary: dict[str, Any]) -> PolicyInfo:
    """What clients are told of a policy.

    Raises:
        ServerError: the policy cannot answer a blank observation of its own robot.
    """
    try:
        policy.reset()
        chunk = policy.infer(blank_observation(policy.spec))
        require_executable(chunk, policy.spec)
    except Exception as error:
        raise ServerError(
            f"policy {name}: expected an answer to a blank observation, found {type(error).__name__}: {error}; "
            "a policy that cannot answer is not served"
        ) from error
    return PolicyInfo(
        policy=name,
        robot=policy.spec,
        horizon=len(chunk.actions),
        dt=chunk.dt,
        gripper=gripper_in_words(policy.spec),
        observation_keys=observation_keys(policy.spec),
        max_frame_bytes=config.max_frame_bytes,
        latent_dims=None if chunk.latent_actions is None else chunk.latent_actions.shape[1],
        summary=summary,
    )


def blank_observation(spec: RobotSpec) -> Observation:
    """Black images, and a state as near to zero as its bounds allow."""
    state = np.clip(np.zeros(len(spec.state), np.float32), spec.state.low_array, spec.state.high_array)
    images = {camera: np.zeros(size.shape, np.uint8) for camera, size in spec.cameras.items()}
    return Observation(time=0.0, state=state, images=images, image_times=dict.fromkeys(images, 0.0))
