"""Progress where nobody watches: a line at every tenth, none twice, and nothing before there is work."""

import io
import logging
import subprocess

import pytest
from rich.console import Console
from rich.logging import RichHandler

from clam_robot.cli.console import TrainingBars, logs_above, progress_bars
from clam_robot.cli.exits import EXIT_UNREAD
from tests.programs import clam


def test_a_log_file_gets_a_line_for_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        task = bars.add_task("play", total=20, note="")
        for done in range(1, 21):
            bars.show(task, done, "2 discarded" if done > 10 else "")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == "play: 2 of 20"
    assert lines[-1] == "play: 20 of 20, 2 discarded"
    assert len(lines) == 10


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_is_logged_while_something_is_shown_live_goes_above_it_unless_it_goes_to_a_file(is_terminal: bool) -> None:
    log, display = (Console(file=io.StringIO(), force_terminal=each) for each in (is_terminal, True))
    handler = RichHandler(console=log)
    logging.getLogger().addHandler(handler)
    try:
        with logs_above(display):
            logging.getLogger("arm").error("stopped")
        logging.getLogger("arm").error("cleared")
    finally:
        logging.getLogger().removeHandler(handler)
    logged, shown = (each.file.getvalue() for each in (log, display) if isinstance(each.file, io.StringIO))
    assert ("stopped" in shown, "stopped" in logged) == (is_terminal, not is_terminal)
    assert "cleared" in logged


def test_training_that_cannot_begin_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with TrainingBars():
        pass
    assert capsys.readouterr().out == ""
    with TrainingBars() as bars:
        bars.update("latent_actions", 100, 100, {"loss": 0.25})
    assert capsys.readouterr().out.strip() == "latent actions: 100 of 100, loss 0.250"


def test_who_reads_no_further_is_told_nothing_more() -> None:
    command = clam("train", "--help")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60.0) == EXIT_UNREAD
