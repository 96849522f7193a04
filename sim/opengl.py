"""Which OpenGL MuJoCo draws with; has to be decided before `mujoco` is imported for the first time."""

import os
from collections.abc import Callable, MutableMapping
from ctypes.util import find_library

# Value of MUJOCO_GL, and the library it needs.
BACKENDS = (("egl", "EGL"), ("osmesa", "OSMesa"))
PACKAGES = "apt-get install libegl1 libgl1-mesa-dri"


def select_backend(
    environ: MutableMapping[str, str] = os.environ, find: Callable[[str], str | None] = find_library
) -> str:
    """Set MUJOCO_GL to off-screen drawing this machine has, unless it is set; physics runs without any.

    Returns:
        The value of MUJOCO_GL: "egl", "osmesa", "disabled" when neither library is installed, or what was set before.
    """
    chosen = environ.get("MUJOCO_GL")
    if not chosen:
        found = (name for name, library in BACKENDS if find(library))
        chosen = environ["MUJOCO_GL"] = next(found, "disabled")
    return chosen
