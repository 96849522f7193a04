import threading
from collections.abc import Sequence

from clam_robot.hardware.xs_trajectory import TrajectoryPlayer
from clam_robot.timing import MonotonicClock
from tests.programs import wait_for


class Suspended(MonotonicClock):
    """Real time, and how long this program stood still [s]."""

    seconds = 0.0

    def now(self) -> float:
        return super().now() + self.seconds


def test_the_rest_of_a_trajectory_is_given_up_after_a_standstill() -> None:
    clock, sent = Suspended(), list[Sequence[float]]()
    player = TrajectoryPlayer(clock)

    def send(command: Sequence[float]) -> None:
        sent.append(command)
        clock.seconds = 60.0

    player.start([0.0, 0.01, 0.02, 0.03], [[0.0], [0.1], [0.2], [0.3]], send)
    wait_for(lambda: "trajectory" not in {each.name for each in threading.enumerate()}, "the end of it")
    assert sent == [[0.1]]
