"""The twin itself: one loop that serves the bus and keeps the physics in step with the clock."""

import gc
import selectors
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from clam_robot.timing import Clock
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.bus import EmulatedBus
from sim.widowx.faults import Faults
from sim.widowx.photographer import full_state
from sim.widowx.pty_port import PtyPort
from sim.widowx.wire import Wire

_PHYSICS_SLICE = 0.005  # the physics falls at most this far behind the clock [s]
_LONGEST_SLICE = 0.05  # simulated at once at most, before the bus is looked after again [s]
_GIVE_UP = 2.0  # behind by more, the twin lets the time go [s]


class Twin:
    """Servos, physics and port, run by whoever calls `run`.

    Attributes:
        physics: the arm in its scene.
        faults: what is wrong at the moment.
        bus: the servos.
        wire: to them.
        port: the host's end.
        speed: simulated seconds per second.
        selector: its loop waits with; register what else it shall serve, with a callable as data.
        lost_time: simulated time that was never simulated, as the machine was too slow [s].
    """

    def __init__(self, physics: ArmPhysics, clock: Clock, *, link: Path | None = None, speed: float = 1.0) -> None:
        self.physics = physics
        self.faults = Faults()
        self.bus = EmulatedBus(physics.servos, self.faults)
        self.wire = Wire(self.bus, self.faults, before_packet=self.catch_up)
        self.port = PtyPort(link)
        self.speed = speed
        self.lost_time = 0.0
        self.selector = selectors.DefaultSelector()
        self._clock = clock
        self._simulated_until = clock.now()
        self._past: deque[tuple[float, np.ndarray]] = deque()
        self._is_stopped = False
        self._is_plugged = False

    def run(self) -> None:
        """Serve until `stop`."""
        gc.freeze()  # a full collection takes longer than a driver waits for an answer
        self._simulated_until = self._clock.now()
        while not self._is_stopped:
            self._turn()

    def close(self) -> None:
        """Take the port away."""
        self.selector.close()
        self.port.unplug()

    def stop(self) -> None:
        """Let `run` return; may be called from a signal handler."""
        self._is_stopped = True

    def catch_up(self, now: float) -> None:
        """Simulate what has passed until `now` [s], `_LONGEST_SLICE` of it at most."""
        behind = now - self._simulated_until
        if behind > _GIVE_UP:
            self.lost_time += (behind - _GIVE_UP) * self.speed
            self._simulated_until = now - _GIVE_UP
            behind = _GIVE_UP
        behind = min(behind, _LONGEST_SLICE / self.speed)
        if behind > 0.0:
            self.physics.step(behind * self.speed)
            self._simulated_until += behind
            if self.faults.picture_latency > 0.0:
                self._remember()

    @property
    def simulated_until(self) -> float:
        """On its clock, when the scene is as it is now [s]."""
        return self._simulated_until

    def scene_now(self) -> tuple[float, Float64[np.ndarray, "size"]]:
        """Simulated time [s] and state of the scene that a camera shows now: an older one with that fault."""
        self.catch_up(self._clock.now())
        if self.faults.picture_latency > 0.0:
            self._remember()
            return self._past[0]
        self._past.clear()
        return self.physics.time, full_state(self.physics.model, self.physics.data)

    def _remember(self) -> None:
        """Keep the scene as it is now, and of the past ones those that a camera may show yet."""
        physics = self.physics
        if not self._past or physics.time != self._past[-1][0]:
            self._past.append((physics.time, full_state(physics.model, physics.data)))
        due = physics.time - self.faults.picture_latency * self.speed
        while len(self._past) > 1 and (self._past[1][0] <= due or self._past[0][0] > physics.time):
            self._past.popleft()

    def _turn(self) -> None:
        self._follow_plug()
        now = self._clock.now()
        wake_at = self._simulated_until + _PHYSICS_SLICE
        if self.wire.next_due is not None:
            wake_at = min(wake_at, self.wire.next_due)
        for key, _ in self.selector.select(max(0.0, wake_at - now)):
            respond: Callable[[], None] = key.data
            respond()
        now = self._clock.now()
        if answer := self.wire.receive(now):
            self.port.write(answer)
        if now - self._simulated_until >= _PHYSICS_SLICE:
            self.catch_up(now)

    def _follow_plug(self) -> None:
        if self.faults.is_unplugged == (not self._is_plugged):
            return
        if self.faults.is_unplugged:
            self.selector.unregister(self.port.fileno)
            self.port.unplug()
            self.wire.clear()
        else:
            self.port.plug()
            self.selector.register(self.port.fileno, selectors.EVENT_READ, self._hear)
        self._is_plugged = not self.faults.is_unplugged

    def _hear(self) -> None:
        if data := self.port.read():
            self.wire.send(data, self._clock.now(), self.port.baud)
