from clam_robot.hardware.late_commands import LateCommands
from clam_robot.timing import ManualClock


def test_commands_are_in_time_while_the_program_runs() -> None:
    clock = ManualClock()
    late = LateCommands(clock, 0.5)
    for _ in range(20):
        clock.advance(0.4)
        assert not late.beat()


def test_what_is_heard_right_after_a_standstill_is_too_late_and_what_comes_then_is_not() -> None:
    clock = ManualClock()
    late = LateCommands(clock, 0.5)
    clock.advance(60.0)
    assert late.beat()
    clock.advance(0.1)
    assert late.beat()
    clock.advance(0.3)
    assert not late.beat()
