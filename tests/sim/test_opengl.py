"""OpenGL is chosen by what is installed, and what the user set stays."""

import os
import subprocess
import sys

import pytest

from sim import opengl


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [({"EGL", "OSMesa"}, "egl"), ({"OSMesa"}, "osmesa"), (set(), "disabled")],
)
def test_first_installed_library_is_chosen(installed: set[str], chosen: str) -> None:
    environ: dict[str, str] = {}
    assert opengl.select_backend(environ, lambda library: library if library in installed else None) == chosen
    assert environ == {"MUJOCO_GL": chosen}


def test_users_choice_stays() -> None:
    environ = {"MUJOCO_GL": "glfw"}
    assert opengl.select_backend(environ, lambda library: library) == "glfw"
    assert environ == {"MUJOCO_GL": "glfw"}


@pytest.mark.parametrize(
    "first",
    [
        "from clam_robot.cli.main import main; main(['replay', 'nowhere'])",
        "from sim.registry import make_robot; from clam_robot.timing import ManualClock; "
        "make_robot('widowx-twin:reach-block', ManualClock())",
    ],
    ids=["command", "robot made by name"],
)
def test_it_is_chosen_before_the_arms_kinematics_import_mujoco(first: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "MUJOCO_GL"}
    chosen = opengl.select_backend({})
    if chosen == "disabled":
        pytest.skip("neither EGL nor OSMesa is installed")
    program = f"{first}; from mujoco.gl_context import GLContext; print(GLContext.__module__)"
    run = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=300)
    assert run.stdout.split()[-1:] == [f"mujoco.{chosen}"], run.stderr
