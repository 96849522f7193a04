"""The engine that is taken is the fastest of those that agree, and whoever cannot be had says why."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from clam_robot import config
from clam_robot.errors import ConfigError, EngineUnavailable
from clam_robot.models.actor import Actor
from clam_robot.models.checkpoint import CheckpointHeader
from clam_robot.models.engines.choice import TOLERANCE, agreeing, fastest, make_engine
from clam_robot.models.engines.engine import Answer, Engine
from clam_robot.models.engines.names import EngineName
from clam_robot.models.engines.trial import Trial
from clam_robot.timing import ManualClock

MakeHeader = Callable[..., CheckpointHeader]
MakeActor = Callable[..., Actor]
EAGER_S = 1e-3


class Slow:
    """Answers as the actor does, a little beside it where told, and takes its time.

    `seconds` are per pass and per robot.
    """

    def __init__(
        self, actor: Actor, clock: ManualClock, seconds: tuple[float, float], *, error: float = 0.0, latent: float = 0.0
    ) -> None:
        self.actor, self.clock, self.seconds, self.error, self.latent = actor, clock, seconds, error, latent

    def act(self, states: Tensor, frames: Tensor | None = None) -> Answer:
        each, every = self.seconds
        self.clock.advance(each + every * len(states))
        actions, latents = self.actor.act(states, frames)
        scale = self.actor.scale
        assert latents is not None
        return actions + self.error * (scale.high - scale.low), latents + self.latent * self.actor.network.std


class World:
    """An actor, an eager engine of 1 ms, and a trial of engines under a clock that only they move."""

    def __init__(self, make_header: MakeHeader, make_actor: MakeActor) -> None:
        self.clock = ManualClock()
        self.header = make_header()
        self.actor = make_actor(self.header)
        self.trial = Trial(self.actor, self.header.view, self.clock)
        self.eager = self.engine(EAGER_S)

    def engine(self, seconds: float, every: float = 0.0, **beside: float) -> Slow:
        return Slow(self.actor, self.clock, (seconds, every), **beside)

    def choose(self, **engines: Engine) -> Engine:
        return fastest(self.eager, {name: lambda engine=engine: engine for name, engine in engines.items()}, self.trial)


@pytest.fixture
def world(make_header: MakeHeader, make_actor: MakeActor) -> World:
    return World(make_header, make_actor)


def test_the_fastest_is_taken(world: World, caplog: pytest.LogCaptureFixture) -> None:
    slow, fast = world.engine(0.5 * EAGER_S), world.engine(0.2 * EAGER_S)
    with caplog.at_level(logging.INFO):
        assert world.choose(slow=slow, fast=fast) is fast
        assert world.choose(fast=fast, slow=slow) is fast
    assert "engine fast: 0.20 ms for 1, 0.20 ms for 8; eager: 1.00 ms for 1, 1.00 ms for 8" in caplog.text


def test_eager_stays_where_nothing_is_clearly_faster(world: World) -> None:
    assert world.choose(slower=world.engine(2 * EAGER_S), hardly=world.engine(0.95 * EAGER_S)) is world.eager
    assert world.choose() is world.eager


def test_many_robots_count_as_much_as_one(world: World) -> None:
    for_one = world.engine(0.1 * EAGER_S, 0.4 * EAGER_S)
    for_many = world.engine(0.8 * EAGER_S)
    assert world.choose(for_one=for_one, for_many=for_many) is for_many


@pytest.mark.parametrize("beside", [{"error": 2 * TOLERANCE}, {"latent": 2 * TOLERANCE}, {"error": float("nan")}])
def test_a_fast_engine_that_says_something_else_is_left_out(
    world: World, caplog: pytest.LogCaptureFixture, beside: dict[str, float]
) -> None:
    assert world.choose(wrong=world.engine(0.1 * EAGER_S, **beside)) is world.eager
    assert "engine wrong: expected eager's actions to within 0.0001" in caplog.text


def test_rounding_is_no_difference(world: World) -> None:
    near = world.engine(0.1 * EAGER_S, error=0.1 * TOLERANCE, latent=0.1 * TOLERANCE)
    assert world.choose(near=near) is near


def test_an_engine_that_cannot_be_built_is_left_out_with_its_reason(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def build() -> Engine:
        raise EngineUnavailable("engine broken: no such library")

    fast = world.engine(0.1 * EAGER_S)
    assert fastest(world.eager, {"broken": build, "fast": lambda: fast}, world.trial) is fast
    assert fastest(world.eager, {"broken": build}, world.trial) is world.eager
    assert "no such library" in caplog.text


class OneRobot:
    """Made for one robot."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def act(self, states: Tensor, frames: Tensor | None = None) -> Answer:
        if len(states) > 1:
            raise RuntimeError("expected one row")
        return self.actor.act(states, frames)


class Fewer(OneRobot):
    """Answers the first robot alone, or keeps the latent actions to itself."""

    def act(self, states: Tensor, frames: Tensor | None = None) -> Answer:
        actions, latents = self.actor.act(states, frames)
        return (actions[:1], latents) if latents is None else (actions, None)


def test_an_engine_that_fails_on_several_robots_is_unavailable(world: World) -> None:
    with pytest.raises(EngineUnavailable, match=r"engine single: .* RuntimeError: expected one row; .* eager"):
        agreeing("single", lambda: OneRobot(world.actor), world.trial)


@pytest.mark.parametrize("is_latent", [True, False])
def test_an_answer_of_another_shape_is_no_agreement(
    make_header: MakeHeader, make_actor: MakeActor, is_latent: bool
) -> None:
    header = make_header(is_latent=is_latent)
    actor = make_actor(header)
    with pytest.raises(EngineUnavailable, match="found a difference of inf"):
        agreeing("fewer", lambda: Fewer(actor), Trial(actor, header.view, ManualClock()))


@dataclass(frozen=True, kw_only=True)
class Settings(config.Strict):
    engine: EngineName = "auto"


def test_an_engine_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigError, match=r"'engine': .*'auto', 'eager', 'onnx' or 'compile', found 'warp'"):
        config.from_dict(Settings, {"engine": "warp"}, source="settings")


def test_eager_is_the_actor_itself_on_as_many_threads_as_told(world: World) -> None:
    world.actor.train()
    assert make_engine("eager", world.actor, world.header.view, threads=2) is world.actor
    assert torch.get_num_threads() == 2
    assert not world.actor.training
    make_engine("eager", world.actor, world.header.view)
    assert torch.get_num_threads() == 1
