"""Off-screen pictures of a MuJoCo scene."""

import atexit
from typing import Any, Protocol, runtime_checkable
from weakref import WeakSet

import mujoco
import numpy as np
from jaxtyping import UInt8

from clam_robot.errors import MissingDependency
from sim import opengl
from sim.names import require_known

# MuJoCo's compiled half has no type information.
_FLAGS: Any = mujoco.mjtRndFlag  # pyright: ignore[reportAttributeAccessIssue]
_SLOW = (_FLAGS.mjRND_SHADOW, _FLAGS.mjRND_REFLECTION)

# MetaWorld hangs its corner cameras head down. A camera standing in the world whose upward axis has this vertical part
# or less is turned; one that looks straight down has none, one on the hand may roll as it likes.
_UPSIDE_DOWN = -0.3


@runtime_checkable
class Drawable(Protocol):
    """Something that is simulated, as a `World` is.

    Attributes:
        model: the `mujoco.MjModel`.
        data: the `mujoco.MjData`.
    """

    model: Any
    data: Any


class Camera:
    """Draws any camera of a world at any size, RGB and the right way up, without shadows and reflections.

    Shadows and reflections cost three quarters of the time and tell a policy nothing.
    """

    def __init__(self, world: Drawable) -> None:
        self._model = world.model
        self._data = world.data
        self._renderers: dict[tuple[int, int], mujoco.Renderer] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Cameras of the model; one without a name is its number."""
        return tuple(self._model.camera(i).name or str(i) for i in range(self._model.ncam))

    def index(self, camera: str) -> int:
        """Number of the camera of this name; its number will do for a name.

        Raises:
            UnknownRobot: the model has no such camera; lists those it has.
        """
        if camera.isdigit() and int(camera) < self._model.ncam:
            return int(camera)
        require_known(camera, self.names, what="camera")
        return self.names.index(camera)

    def picture(
        self,
        camera: str,
        height: int,
        width: int,
        option: Any = None,  # noqa: ANN401
    ) -> UInt8[np.ndarray, "height width 3"]:
        """The scene as it is now.

        Args:
            camera: its name.
            height: of the picture [pixel].
            width: of it [pixel].
            option: `mujoco.MjvOption`, which parts of the scene are drawn; MuJoCo's own choice by default.

        Raises:
            UnknownRobot: the model has no such camera; lists those it has.
            MissingDependency: this machine cannot draw; names the packages.
        """
        index = self.index(camera)
        renderer = self._renderer(height, width)
        renderer.update_scene(self._data, index, scene_option=option)
        picture = renderer.render()
        return np.ascontiguousarray(np.rot90(picture, 2)) if self._is_upside_down(index) else picture

    def close(self) -> None:
        """Free the drawing surfaces."""
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers.clear()

    def _is_upside_down(self, index: int) -> bool:
        up = self._data.cam_xmat[index].reshape(3, 3)[:, 1]
        return bool(self._model.cam_bodyid[index] == 0 and up[2] < _UPSIDE_DOWN)

    def _renderer(self, height: int, width: int) -> mujoco.Renderer:
        size = (height, width)
        if size not in self._renderers:
            surface = self._model.vis.global_
            surface.offheight, surface.offwidth = max(surface.offheight, height), max(surface.offwidth, width)
            self._renderers[size] = renderer = self._open(height, width)
            _close_at_exit(self)
            for flag in _SLOW:
                renderer.scene.flags[flag] = False
        return self._renderers[size]

    def _open(self, height: int, width: int) -> mujoco.Renderer:
        try:
            return mujoco.Renderer(self._model, height, width)
        # Each OpenGL binding fails in its own way where libraries or drivers are missing.
        except Exception as error:
            raise MissingDependency(
                f"cannot draw off-screen with MUJOCO_GL={opengl.select_backend()} ({error}); "
                f"run `{opengl.PACKAGES}`, or set MUJOCO_GL to egl or osmesa before starting"
            ) from error


_drawing = WeakSet[Camera]()


def _close_at_exit(camera: Camera) -> None:
    # Exit handlers run latest first: surfaces have to be gone before the display is, whoever opened it.
    _drawing.add(camera)
    atexit.unregister(_close_all)
    atexit.register(_close_all)


def _close_all() -> None:
    for camera in _drawing:
        camera.close()
