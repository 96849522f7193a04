"""A policy as it is served: what makes its instances, and what clients are told of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clam_robot.interfaces import Policy, PolicyGroup
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from policy_server.policy_info import PolicyInfo


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelSource:
    """What a server is asked to serve.

    Attributes:
        policy: what clients are told the policy is called.
        group: answers.
        checkpoint: names its weights, such as their digest; "" where it has none.
        summary: where it comes from, JSON-safe, for people.
    """

    policy: str
    group: PolicyGroup
    checkpoint: str = ""
    summary: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ServedModel:
    """One version of a served model; another checkpoint is another instance.

    Attributes:
        name: that clients ask for.
        group: answers.
        info: what clients are told.
    """

    name: str
    group: PolicyGroup
    info: PolicyInfo


class Seat:
    """One robot's place at a model for one episode: a policy instance of its own, so that robots share no history.

    Attributes:
        model: as it was when the episode began; a new one waits for the next episode.
    """

    def __init__(self, model: ServedModel) -> None:
        self.model = model
        self._policy: Policy | None = None

    def policy(self) -> Policy:
        """The instance, made when it is first needed. For the thread that infers."""
        if self._policy is None:
            policy = self.model.group.new()
            policy.reset()
            self._policy = policy
        return self._policy


class OneByOne:
    """A `PolicyGroup` of policies that know nothing of one another.

    Args:
        make_policy: gives a new instance.
    """

    def __init__(self, make_policy: Callable[[], Policy]) -> None:
        self._make_policy = make_policy
        self._spec = make_policy().spec

    @property
    def spec(self) -> RobotSpec:
        """The robots it acts for."""
        return self._spec

    def new(self) -> Policy:
        """An instance with a history of its own."""
        return self._make_policy()

    def infer(self, policies: Sequence[Policy], observations: Sequence[Observation]) -> list[ActionChunk]:
        """One after the other."""
        return [policy.infer(observation) for policy, observation in zip(policies, observations, strict=True)]
