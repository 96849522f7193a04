"""OpenGL is chosen by what is installed, and what the user set stays."""

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
