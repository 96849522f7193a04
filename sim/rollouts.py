"""Runs a policy through a list of scenes."""

from collections.abc import Callable, Sequence
from dataclasses import replace

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
    max_held: int | None = None,
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
        max_held: give up after this many periods in a row without an action or observation; None for `LoopConfig`'s.
        on_outcome: told after every episode.

    Raises:
        SpecMismatch: the policy is for another robot.
        PolicyError, RobotError: a fault in mid-episode; the episodes before it are complete.
    """
    loop_config = LoopConfig(
        stop_after_success=steps_after_success, merge=merge or LatestOnly(), replan_every=replan_every
    )
    if max_held is not None:
        loop_config = replace(loop_config, max_held=max_held)
    loop = ControlLoop(
        robot,
        policy,
        clock=clock,
        subscribers=subscribers,
        config=loop_config,
    )
    outcomes: list[EpisodeOutcome] = []
    for scene in scenes:
        start = EpisodeStart(spec=robot.spec, task=robot.task, source="policy", seed=scene)
        outcomes.append(loop.run_episode(start))
        on_outcome(scene, outcomes[-1])
    return outcomes
