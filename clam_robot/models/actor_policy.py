"""An actor behind the `Policy` protocol."""

from collections import deque

import numpy as np
import torch

from clam_robot.models.actor import Actor
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation


class ActorPolicy:
    """Answers each observation with a chunk of actions, the first of them for this control period.

    It has torch use one thread in this process: a network this small gains nothing from a second one, and where other
    processes keep the cores busy waiting for it makes an inference of 1 ms one of 60 ms.

    Args:
        actor: in evaluation mode; instances may share it.
        spec: the robot it was trained for.
        history: observations before the present one that the actor sees; those before an episode's first are like it.
        camera: whose frames it sees.
    """

    def __init__(self, actor: Actor, spec: RobotSpec, *, history: int = 0, camera: str | None = None) -> None:
        torch.set_num_threads(1)
        self._actor = actor.eval()
        self._spec = spec
        self._camera = camera
        self._seen: deque[Observation] = deque(maxlen=history + 1)

    @property
    def spec(self) -> RobotSpec:
        """The robot it was trained for."""
        return self._spec

    def reset(self) -> None:
        """Forget the episode."""
        self._seen.clear()

    def infer(self, observation: Observation) -> ActionChunk:
        """The actions from this period on and, for CLAM, their latent actions.

        Raises:
            InvalidVector: the state does not fit the spec.
            InvalidImage: nor does the camera's frame.
        """
        observation.validate(self._spec)
        self._seen.append(observation)
        seen = [self._seen[0]] * (self._seen.maxlen or 1) + list(self._seen)
        seen = seen[-(self._seen.maxlen or 1) :]
        states = torch.from_numpy(np.stack([each.state for each in seen]))[None]
        frames = None
        if self._camera is not None:
            frames = torch.from_numpy(np.stack([each.images[self._camera] for each in seen]))[None]
        action, latent = self._actor.act(states, frames)
        return ActionChunk(
            actions=action[0].numpy(),
            observation_time=observation.time,
            dt=1.0 / self._spec.control_hz,
            latent_actions=None if latent is None else latent[0].numpy(),
        )
