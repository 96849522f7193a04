"""Trapezoids of speed: how a servo plans its way to a goal, from rest or in the middle of another move.

Units are the servo's: counts, counts per second, seconds. A new goal goes on from the velocity the old plan had (the
maker calls it velocity override). Source: the maker's e-Manual, "What is the Profile".
"""

import math
from dataclasses import dataclass
from enum import IntEnum


class Shape(IntEnum):
    """Bits 4 and 5 of Moving_Status."""

    STEP = 0
    RECTANGLE = 1
    TRIANGLE = 2
    TRAPEZOID = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Three phases of constant acceleration: speeding up, cruising, slowing down to rest at the goal.

    Attributes:
        start: where it begins [count].
        velocity: there [count/s].
        cruise: velocity of the middle phase [count/s].
        times: (3,) how long the phases take [s].
        goal: where it ends [count].
    """

    start: float
    velocity: float
    cruise: float
    times: tuple[float, float, float]
    goal: float

    @property
    def duration(self) -> float:
        """Of the whole move [s]."""
        return sum(self.times)

    @property
    def shape(self) -> Shape:
        """What the phases look like."""
        up, middle, down = self.times
        if up + middle + down == 0.0:
            return Shape.STEP
        if up == 0.0 and down == 0.0:
            return Shape.RECTANGLE
        return Shape.TRAPEZOID if middle > 1e-9 else Shape.TRIANGLE

    def at(self, time: float) -> tuple[float, float]:
        """Position [count] and velocity [count/s] `time` seconds after the start."""
        up, middle, down = self.times
        if time < up:
            gain = (self.cruise - self.velocity) / up
            return self.start + (self.velocity + 0.5 * gain * time) * time, self.velocity + gain * time
        if time < up + middle:
            covered = 0.5 * (self.velocity + self.cruise) * up
            return self.start + covered + self.cruise * (time - up), self.cruise
        remaining = up + middle + down - time
        if remaining > 0.0:
            velocity = self.cruise * remaining / down
            return self.goal - 0.5 * velocity * remaining, velocity
        return self.goal, 0.0


def step(goal: float) -> Profile:
    """No profile: the goal at once."""
    return Profile(start=goal, velocity=0.0, cruise=0.0, times=(0.0, 0.0, 0.0), goal=goal)


def time_profile(
    start: float, velocity: float, goal: float, *, duration: float, acceleration_time: float, limit: float
) -> Profile:
    """The move that takes `duration` and spends `acceleration_time` (half of it at most) at either end.

    Where it would be faster than `limit` [count/s] it takes longer.
    """
    if duration <= 0.0:
        return step(goal)
    ramp = min(acceleration_time, 0.5 * duration)
    cruise = (goal - start - 0.5 * velocity * ramp) / (duration - ramp)
    if abs(cruise) <= limit:
        return Profile(
            start=start, velocity=velocity, cruise=cruise, times=(ramp, duration - 2.0 * ramp, ramp), goal=goal
        )
    cruise = math.copysign(limit, cruise)
    covered = 0.5 * (velocity + cruise) * ramp + 0.5 * cruise * ramp
    return Profile(
        start=start,
        velocity=velocity,
        cruise=cruise,
        times=(ramp, max(0.0, (goal - start - covered) / cruise), ramp),
        goal=goal,
    )


def velocity_profile(start: float, velocity: float, goal: float, *, limit: float, acceleration: float) -> Profile:
    """The fastest move within `limit` [count/s] and `acceleration` [count/s^2], zero meaning without bound."""
    if limit <= 0.0:
        return step(goal)
    distance = goal - start
    if acceleration <= 0.0:
        return Profile(
            start=start,
            velocity=velocity,
            cruise=math.copysign(limit, distance),
            times=(0.0, abs(distance) / limit, 0.0),
            goal=goal,
        )
    braking = velocity * abs(velocity) / (2.0 * acceleration)
    direction = math.copysign(1.0, distance - braking)
    # Moving the right way already, it may be too fast to speed up; the peak is then what it has.
    peak = math.sqrt(max(0.0, direction * acceleration * distance + 0.5 * velocity * velocity))
    cruise = direction * min(limit, peak)
    up, down = abs(cruise - velocity) / acceleration, abs(cruise) / acceleration
    covered = 0.5 * (velocity + cruise) * up + 0.5 * cruise * down
    middle = (distance - covered) / cruise if cruise else 0.0
    return Profile(start=start, velocity=velocity, cruise=cruise, times=(up, max(0.0, middle), down), goal=goal)
