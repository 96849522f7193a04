"""A test that fails shows what its programs told."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FAILING = """
from pathlib import Path
import pytest
from tests.e2e.program_logs import show_logs_of
{where}
def {name}(pytestconfig):
    show_logs_of(Path({folder!r}), pytestconfig)
    assert False
def test_of_the_robot({argument}):
    pass
"""


def test_the_ends_of_logs_are_in_the_report_of_what_fails(tmp_path: Path) -> None:
    up = tmp_path / "up"
    up.mkdir()
    (up / "loop.log").write_text("".join(f"line {number}\n" for number in range(100)) + "no arm\n")
    (tmp_path / "test_test.py").write_text(
        FAILING.format(where="", name="test_it", folder=str(up), argument="")
        + FAILING.format(where="@pytest.fixture", name="robot", folder=str(up), argument="robot")
    )
    words = (sys.executable, "-m", "pytest", "-p", "tests.e2e.program_logs", "-p", "no:cacheprovider", "test_test.py")
    told = subprocess.run(words, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True).stdout
    assert f"end of {up / 'loop.log'}" in told and "line 99\nno arm\n" in told and "line 50\n" not in told
    assert "1 failed" in told and "1 error" in told
