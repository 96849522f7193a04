"""An actor behind the `PolicyGroup` protocol."""

from collections.abc import Sequence

from clam_robot.interfaces import Policy
from clam_robot.models.actor_policy import ActorPolicy
from clam_robot.models.engines.engine import Engine
from clam_robot.models.view import View
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation


class ActorGroup:
    """Policies that share an actor, any number of which are answered in one pass.

    Args:
        engine: computes the actor's pass; the actor itself is one.
        view: what the actor sees of each robot.
    """

    def __init__(self, engine: Engine, view: View) -> None:
        self._engine = engine
        self._view = view

    @property
    def spec(self) -> RobotSpec:
        """The robot it was trained for."""
        return self._view.spec

    def new(self) -> ActorPolicy:
        """An instance with a history of its own."""
        return ActorPolicy(self, self._view)

    def infer(self, policies: Sequence[Policy], observations: Sequence[Observation]) -> list[ActionChunk]:
        """The chunk of each instance, all computed in one pass; when it fails nobody's history has changed.

        Raises:
            InvalidVector: a state does not fit the spec.
            InvalidImage: nor does a camera's frame.
            ValueError: not one observation for each of different instances of this group.
        """
        members = self._members(policies)
        if len(observations) != len(members):
            raise ValueError(f"expected an observation for each of {len(members)} policies, found {len(observations)}")
        if not members:
            return []
        for observation in observations:
            observation.validate(self.spec)
        pairs = list(zip(members, observations, strict=True))
        actions, latents = self._engine.act(*self._view.stack([member.window(seen) for member, seen in pairs]))
        for member, observation in pairs:
            member.remember(observation)
        return [
            ActionChunk(
                actions=actions[row].numpy(),
                observation_time=observation.time,
                dt=1.0 / self.spec.control_hz,
                latent_actions=None if latents is None else latents[row].numpy(),
            )
            for row, observation in enumerate(observations)
        ]

    def _members(self, policies: Sequence[Policy]) -> list[ActorPolicy]:
        members = [policy for policy in policies if isinstance(policy, ActorPolicy) and policy.group is self]
        if len(members) < len(policies) or len(set(map(id, members))) < len(members):
            raise ValueError("expected different policies, all of which new() of this group gave")
        return members
