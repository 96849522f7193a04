"""`clam serve` of a scripted expert, and what does not go together."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from clam_robot.cli.main import main
from clam_robot.timing import ManualClock
from policy_server.client import RemotePolicy
from sim.registry import make_robot
from sim.rollouts import run_rollouts
from tests.programs import clam, end

NAME = "widowx-twin:reach-block"


@pytest.fixture
def url() -> Iterator[str]:
    process = subprocess.Popen(
        clam("serve", "--scripted", NAME, "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"ws://\S+", line)
        assert found is not None, line
        yield found[0]
    finally:
        end(process)
        process.stdout.close()


def test_a_scripted_expert_solves_its_task_over_the_network(url: str) -> None:
    clock = ManualClock()
    robot = make_robot(NAME, clock)
    robot.connect()
    with RemotePolicy(url) as policy:
        assert run_rollouts(robot, policy, clock, [3])[0].success


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--checkpoint"),
        (["--scripted", NAME, "--checkpoint", "nowhere"], "expected it alone"),
        (["--scripted", "metaworld:assembly"], "widowx-twin:TASK"),
    ],
)
def test_what_cannot_be_served_is_refused(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *words, "--port", "0"]) == 2
    assert told in " ".join(capsys.readouterr().err.split())
