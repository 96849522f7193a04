"""Runs a policy through a list of scenes."""

from collections.abc import Callable, Sequence

from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.control.merge_rule import MergeChoice
from clam_robot.interfaces import AsyncPolicy, Policy, Subscriber, TaskRobot
from clam_robot.timing import Clock
from clam_robot.types import EpisodeOutcome, EpisodeStart


def run_rollouts(
    robot: TaskRobot,
    policy: Policy | AsyncPolicy,
    clock: Clock,
    scenes: Sequence[int],
    *,
    subscribers: Sequence[Subscriber] = (),
    steps_after_success: int = 0,
    merge: MergeChoice | None = None,
    replan_every: int | None = None,
    on_outcome: Callable[[int, EpisodeOutcome], None] = lambda scene, outcome: None,
) -> list[EpisodeOutcome]:
    """One episode per scene.

    Args:
        robot: connected.
        policy: made for it.
        clock: the robot's.
        scenes: seeds.
        subscribers: told of every step.
        steps_after_success: control periods to go on once the task is solved.
        merge: how chunks that are due at the same time become one action; by default the newest decides.
        replan_every: see `LoopConfig`.
        on_outcome: told after every episode.

    Raises:
        SpecMismatch: the policy is for another robot.
        PolicyError, RobotError: a fault in mid-episode; the episodes before it are complete.
    """
    loop = ControlLoop(
        robot,
        policy,
        clock=clock,
        subscribers=subscribers,
        config=LoopConfig(
            stop_after_success=steps_after_success, merge=merge or LatestOnly(), replan_every=replan_every
        ),
    )
    outcomes: list[EpisodeOutcome] = []
    for scene in scenes:
        start = EpisodeStart(spec=robot.spec, task=robot.task, source="policy", seed=scene)
        outcomes.append(loop.run_episode(start))
        on_outcome(scene, outcomes[-1])
    return outcomes
