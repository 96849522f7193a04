"""Actions meant to break an arm, and what the arm did about them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from clam_robot.control.action_broker import ActionBroker
from clam_robot.control.safety import SafetyLimiter
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk
from sim.widowx.rest_timer import RestTimer
from sim.widowx.tasks import make_task
from sim.widowx.trace import Trace
from sim.widowx.truth import Collision
from sim.widowx.widowx_world import WidowXWorld
from sim.widowx_robot import WidowXTwin, WidowXTwinConfig

# What is asked for in each period of an attack; None is silence.
Attack = Callable[[np.random.Generator], Iterator[np.ndarray | None]]
_LONGEST = 40  # periods of one attack
_PERIOD = 0.1  # [s]
_INSTANT = 1e-3  # shorter than a physics step [s]
_REST_PERIODS = 2  # 200 ms at 10 Hz
STILL = 0.02  # a joint that is slower is at rest [rad/s]


@dataclass(kw_only=True)
class Damage:
    """What came of it.

    Attributes:
        num_actions: asked for, silence left out.
        num_steps: of the physics, each looked at.
        num_refused: by the limiter, by reason.
        num_changed: by the arm's own rules, by reason.
        beyond_limit: furthest a joint was outside its limits [rad].
        speed: of the fastest joint [rad/s].
        collisions: of the arm with itself or with what is fixed.
        num_torque_off: periods in which a servo had no torque.
        rest: of every silence of 200 ms or more, the time from the end of the last fresh action, a period after it was
            sent, to the last moment at which a joint was not `STILL` [s].
        num_restless: of those silences, the ones in which a joint was not `STILL` after 200 ms, or moved again.
        num_held: periods since the last fresh action.
    """

    num_actions: int = 0
    num_steps: int = 0
    num_refused: Counter[str] = field(default_factory=Counter[str])
    num_changed: Counter[str] = field(default_factory=Counter[str])
    beyond_limit: float = 0.0
    speed: float = 0.0
    collisions: list[Collision] = field(default_factory=list[Collision])
    num_torque_off: int = 0
    rest: list[float] = field(default_factory=list[float])
    num_restless: int = 0
    num_held: int = 0


def uniform(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Anything within bounds and three times beyond."""
    while True:
        yield random.uniform(-3.0, 3.0, 7)


def push(random: np.random.Generator) -> Iterator[np.ndarray]:
    """One direction, as hard as can be, for long."""
    action = np.sign(random.normal(size=7)) * random.choice([0.0, 1.0, 100.0], 7)
    while True:
        yield action


def oscillate(random: np.random.Generator) -> Iterator[np.ndarray]:
    """To and fro at full speed."""
    action = random.choice([-1.0, 0.0, 1.0], 7)
    while True:
        yield action
        action = -action


def jump(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Nothing for a while, then something enormous."""
    while True:
        yield random.normal(size=7) * (1e30 if random.random() < 0.2 else 0.0)


def poison(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Numbers that are none, among good ones."""
    while True:
        action = random.uniform(-1.0, 1.0, 7)
        action[random.integers(7)] = random.choice([np.nan, np.inf, -np.inf, 0.0])
        yield action if random.random() < 0.9 else action[:5]


def down(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Into the table, turning the hand any way."""
    turn = random.uniform(-1.0, 1.0, 3)
    while True:
        yield np.concatenate([random.uniform(-0.3, 0.3, 2), [-1.0], turn, [random.integers(2)]])


def inwards(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Back into the arm's own base."""
    while True:
        yield np.concatenate([[-1.0], random.uniform(-0.5, 0.5, 5), [0.0]])


def stutter(random: np.random.Generator) -> Iterator[np.ndarray | None]:
    """Full speed, then silence, again and again."""
    while True:
        action = np.sign(random.normal(size=7))
        for _ in range(random.integers(1, 6)):
            yield action
        for _ in range(random.integers(1, 6)):
            yield None


def late(random: np.random.Generator) -> Iterator[np.ndarray | None]:
    """What a broker makes of chunks that come late, stale, out of order or not at all."""
    broker, now = ActionBroker(), 0.0
    while True:
        if random.random() < 0.5:
            actions = random.uniform(-2.0, 2.0, (random.integers(1, 4), 7)).astype(np.float32)
            chunk = ActionChunk(actions=actions, observation_time=now - random.exponential(0.15), dt=_PERIOD)
            broker.put(chunk, now=now)
        yield broker.action_at(now)
        now += _PERIOD


ATTACKS: tuple[Attack, ...] = (uniform, push, oscillate, jump, poison, down, inwards, stutter, late)


def attack(num_actions: int, *, setup: WidowXTwinConfig, seed: int, attacks: Sequence[Attack] = ATTACKS) -> Damage:
    """Ask for so many actions, attack after attack, and look at every physics step.

    Args:
        num_actions: to ask for.
        setup: of the arm and its table.
        seed: of the attacks.
        attacks: to choose from.
    """
    random = np.random.default_rng(seed)
    robot = WidowXTwin(setup, ManualClock())
    limiter = SafetyLimiter(robot.spec)
    world = WidowXWorld(make_task(setup.task), setup.arm)
    world.reset(seed)
    trace, timer = Trace(world.physics), RestTimer(world.physics, STILL)
    damage = Damage()
    while damage.num_actions < num_actions:
        wishes = attacks[int(random.integers(len(attacks)))](random)
        limiter.reset()
        for wish, _ in zip(wishes, range(_LONGEST), strict=False):
            _period(world, limiter, wish, timer, damage)
        _look(trace, damage)
    damage.num_changed.update(str(reason) for reason in world.changes.elements())
    return damage


def _period(
    world: WidowXWorld, limiter: SafetyLimiter, wish: np.ndarray | None, timer: RestTimer, damage: Damage
) -> None:
    """One control period, as the loop does it; the arm holds where nothing may be sent."""
    limited = limiter.limit(wish)
    damage.num_actions += wish is not None
    if limited.action is not None:
        _end_silence(timer, damage)
        world.step(limited.action)
    else:
        damage.num_refused.update(limited.reasons)
        if damage.num_held == 0:
            timer.begin()
        world.hold()
        damage.num_held += 1
    damage.num_torque_off += not all(servo.is_torque_on for servo in world.physics.servos)


def _end_silence(timer: RestTimer, damage: Damage) -> None:
    if damage.num_held >= _REST_PERIODS:
        damage.rest.append(timer.seconds)
        damage.num_restless += timer.seconds > _REST_PERIODS * _PERIOD - _INSTANT
    damage.num_held = 0


def _look(trace: Trace, damage: Damage) -> None:
    report, _ = trace.take()
    damage.num_steps += report.num_steps
    damage.beyond_limit = max(damage.beyond_limit, *report.beyond_limit)
    damage.speed = max(damage.speed, *report.max_speed)
    damage.collisions += [each for each in report.collisions if each.kind != "object"]
