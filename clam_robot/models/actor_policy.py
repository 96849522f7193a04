"""One robot's share in a policy for many."""

from collections import deque

from clam_robot.interfaces import PolicyGroup
from clam_robot.models.view import View
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation


class ActorPolicy:
    """Answers each observation with a chunk of actions, the first of them for this control period.

    It keeps the history; its group has the actor. An episode's first observation stands for those before it.

    Attributes:
        group: what it belongs to.
    """

    def __init__(self, group: PolicyGroup, view: View) -> None:
        self.group = group
        self._view = view
        self._seen: deque[Observation] = deque(maxlen=view.num_steps)

    @property
    def spec(self) -> RobotSpec:
        """The robot it was trained for."""
        return self._view.spec

    def reset(self) -> None:
        """Forget the episode."""
        self._seen.clear()

    def infer(self, observation: Observation) -> ActionChunk:
        """The actions from this period on and, for CLAM, their latent actions.

        Raises:
            InvalidVector: the state does not fit the spec.
            InvalidImage: nor does the camera's frame.
        """
        return self.group.infer([self], [observation])[0]

    def window(self, observation: Observation) -> list[Observation]:
        """What is seen when this is the present observation; it is not remembered yet."""
        seen = [*self._seen, observation][-self._view.num_steps :]
        return [seen[0]] * (self._view.num_steps - len(seen)) + seen

    def remember(self, observation: Observation) -> None:
        """It was answered: it is part of the history from now on."""
        self._seen.append(observation)
