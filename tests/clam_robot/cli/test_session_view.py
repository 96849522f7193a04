"""The terminal view: fits 80 x 24 in every phase and says what it must."""

import io

import pytest
from rich.console import Console

from clam_robot.cli.big_digits import big_number
from clam_robot.cli.session_view import session_view
from teleop.session_prompts import prompt_for
from teleop.session_rules import Situation
from teleop.session_state import Coverage, Gauge, Phase, SessionState

GAUGES = (
    Gauge(name="rate", value=9.94, unit="Hz"),
    Gauge(name="late periods", value=4.0, unit="%"),
    Gauge(name="dropped rows", value=0.0, unit="%"),
    Gauge(name="recorder", value=7.0, unit="%"),
    Gauge(name="camera skew", value=None, unit="ms"),
    Gauge(name="disk left", value=412.0, unit="GB"),
)
TASK = "pick up the red block and put it into the bowl, then [push] the bowl to the left edge of the table"
COVERAGE = tuple(
    Coverage(name=name, value=value, target=10.0, unit="%")
    for name, value in {"holding something": 4.0, "gripper transitions": 12.0, "turning": 0.0}.items()
) + tuple(Coverage(name=f"thing {k}", value=1.0, target=15.0, unit="times") for k in range(7))


def shown(
    phase: Phase,
    *,
    message: str = "",
    typing: tuple[str, str] | None = None,
    gauges: tuple[Gauge, ...] = GAUGES,
    width: int = 80,
) -> str:
    situation = Situation(phase=phase, has_episode=phase in {Phase.REVIEW, Phase.SAVING})
    state = SessionState(
        phase=phase,
        mode="play",
        task=TASK,
        operator="ada",
        target=20,
        num_kept=7,
        num_success=5,
        seconds=2.3,
        prompt=prompt_for(situation, "demonstration", task=TASK, guided="", hint=""),
        message=message,
        gauges=gauges,
        coverage=COVERAGE,
        wishes=situation.wishes,
        stop_reason="driver: servo 3 does not answer" if phase is Phase.STOPPED else "",
    )
    console = Console(file=io.StringIO(), width=width, height=24, force_terminal=True, color_system=None)
    details = {"robot": "widowx-twin:reach-block", "folder": "data/[play]"}
    with console.capture() as capture:
        console.print(session_view(state, details, drives_by_keys=True, pose="xyz +0.1 +0.2 +0.3", typing=typing))
    return capture.get()


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_fits_a_small_terminal_and_says_where_the_session_stands(phase: Phase) -> None:
    lines = shown(phase, message="noted: " + 60 * "figures ").splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert phase.upper() in text
    assert "kept 7 of 20" in text
    assert "rate 9.9 Hz" in text
    assert "holding something" in text
    assert "4 of 10 %" in text
    assert "data/[play]" in text  # no markup


@pytest.mark.parametrize("phase", list(Phase))
def test_half_a_terminal_shows_every_key_and_what_play_lacks(phase: Phase) -> None:
    lines = shown(phase, width=40).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 40
    text = "\n".join(lines)
    assert phase.upper() in text
    assert "9 missing: holding something, turni…" in text
    assert phase is Phase.FINISHED or "finish" in text


def test_keys_that_do_nothing_now_are_not_shown() -> None:
    recording, review, stopped = shown(Phase.RECORDING), shown(Phase.REVIEW), shown(Phase.STOPPED)
    assert "ws ad eq  move" in recording
    assert " m  note" not in recording
    assert " m  note" in review
    assert " c  clear the stop" in stopped
    assert " y  success" not in stopped
    assert "servo 3 does not answer" in stopped
    assert all("space  STOP" in each for each in (recording, review))
    assert "space  STOP" not in stopped


def test_a_stop_says_first_how_it_is_cleared() -> None:
    stopped = shown(Phase.STOPPED)
    assert ": press c" in stopped and ": press c" not in shown(Phase.REVIEW)
    keys = next(line for line in stopped.splitlines() if "clear the stop  " in line)
    assert keys.startswith(" c  clear the stop")


def test_a_line_being_typed_is_shown_by_its_end() -> None:
    text = shown(Phase.REVIEW, typing=("note", "x" * 100 + "[b] end"))
    assert "note: " in text
    assert "[b] end" in text


def test_a_countdown_is_read_from_afar() -> None:
    for row in big_number(3).splitlines():
        assert row.strip() in shown(Phase.COUNTDOWN)
    assert len(big_number(10).splitlines()) == 5


def test_an_alarm_is_explained_where_nothing_else_is_said() -> None:
    alarm = Gauge(name="recorder", value=93.0, unit="%", is_alarming=True, detail="encoder or disk fall behind")
    assert "recorder: encoder or disk fall behind" in shown(Phase.RECORDING, gauges=(*GAUGES, alarm))
    assert "fall behind" not in shown(Phase.RECORDING, gauges=(*GAUGES, alarm), message="noted")
