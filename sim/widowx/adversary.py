"""Actions meant to break an arm, and what the arm did about them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from clam_robot.control.safety import SafetyLimiter
from clam_robot.timing import ManualClock
from sim.widowx.tasks import make_task
from sim.widowx.trace import Trace
from sim.widowx.truth import Collision
from sim.widowx.widowx_world import WidowXWorld
from sim.widowx_robot import WidowXTwin, WidowXTwinConfig

# What is asked for in each period of an attack; None is silence.
Attack = Callable[[np.random.Generator], Iterator[np.ndarray | None]]
_LONGEST = 40  # periods of one attack
_REST_PERIODS = 2  # 200 ms at 10 Hz


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
        num_silences: times the actions stopped for long enough to look.
        speed_after_silence: of the fastest joint 200 ms after the last fresh action was over [rad/s].
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
    num_silences: int = 0
    speed_after_silence: float = 0.0
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


ATTACKS: tuple[Attack, ...] = (uniform, push, oscillate, jump, poison, down, inwards, stutter)


def attack(num_actions: int, *, setup: WidowXTwinConfig, seed: int) -> Damage:
    """Ask for so many actions, attack after attack, and look at every physics step.

    Args:
        num_actions: to ask for.
        setup: of the arm and its table.
        seed: of the attacks.
    """
    random = np.random.default_rng(seed)
    robot = WidowXTwin(setup, ManualClock())
    limiter = SafetyLimiter(robot.spec)
    world = WidowXWorld(make_task(setup.task), setup.arm)
    world.reset(seed)
    trace = Trace(world.physics)
    damage = Damage()
    while damage.num_actions < num_actions:
        wishes = ATTACKS[random.integers(len(ATTACKS))](random)
        limiter.reset()
        for wish, _ in zip(wishes, range(_LONGEST), strict=False):
            _period(world, limiter, wish, damage)
        _look(trace, damage)
    damage.num_changed.update(str(reason) for reason in world.changes.elements())
    return damage


def _period(world: WidowXWorld, limiter: SafetyLimiter, wish: np.ndarray | None, damage: Damage) -> None:
    """One control period, as the loop does it; the arm holds where nothing may be sent."""
    limited = limiter.limit(wish)
    damage.num_actions += wish is not None
    if limited.action is not None:
        world.step(limited.action)
        damage.num_held = 0
    else:
        damage.num_refused.update(limited.reasons)
        world.hold()
        damage.num_held += 1
        if damage.num_held == _REST_PERIODS:
            damage.num_silences += 1
            speed = float(np.abs(world.physics.velocity).max())
            damage.speed_after_silence = max(damage.speed_after_silence, speed)
    damage.num_torque_off += not all(servo.is_torque_on for servo in world.physics.servos)


def _look(trace: Trace, damage: Damage) -> None:
    report, _ = trace.take()
    damage.num_steps += report.num_steps
    damage.beyond_limit = max(damage.beyond_limit, *report.beyond_limit)
    damage.speed = max(damage.speed, *report.max_speed)
    damage.collisions += [each for each in report.collisions if each.kind != "object"]
