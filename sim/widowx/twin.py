"""The twin itself: one loop that serves the bus and keeps the physics in step with the clock."""

import gc
import selectors
from collections.abc import Callable
from pathlib import Path

from clam_robot.timing import Clock
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.bus import EmulatedBus
from sim.widowx.faults import Faults
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
