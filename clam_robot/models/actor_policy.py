"""An actor behind the `Policy` protocol."""

import torch

from clam_robot.models.actor import Actor
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation


class ActorPolicy:
    """Answers each observation with the action for one control period.

    It has torch use one thread in this process: a network this small gains nothing from a second one, and where other
    processes keep the cores busy waiting for it makes an inference of 1 ms one of 60 ms.

    Args:
        actor: in evaluation mode; instances may share it.
        spec: the robot it was trained for.
    """

    def __init__(self, actor: Actor, spec: RobotSpec) -> None:
        torch.set_num_threads(1)
        self._actor = actor.eval()
        self._spec = spec

    @property
    def spec(self) -> RobotSpec:
        """The robot it was trained for."""
        return self._spec

    def reset(self) -> None:
        """Nothing to forget: the actor looks at one state only."""

    def infer(self, observation: Observation) -> ActionChunk:
        """The action for this period and, for CLAM, its latent action.

        Raises:
            InvalidVector: the state does not fit the spec.
        """
        self._spec.state.require_finite(observation.state, what="state")
        action, latent = self._actor.act(torch.from_numpy(observation.state.copy())[None])
        return ActionChunk(
            actions=action.numpy(),
            observation_time=observation.time,
            dt=1.0 / self._spec.control_hz,
            latent_actions=None if latent is None else latent.numpy(),
        )
