"""Draws the scene in a thread of its own, so that the servo bus never waits for a picture."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64, UInt8
from scipy.spatial.transform import RigidTransform, Rotation

from clam_robot.errors import ClamRobotError
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from sim.camera import Camera
from sim.widowx.board_print import quaternion
from sim.widowx.board_scene import FLIP
from sim.widowx.lens_view import LensView
from sim.widowx.priority import run_ordinarily
from sim.widowx.scene_board import GROUP, BoardPlace, arrange

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco
_STATE = _MJ.mjtState.mjSTATE_FULLPHYSICS


@dataclass(frozen=True, kw_only=True)
class _Order:
    state: np.ndarray
    camera: str
    height: int
    width: int
    lens: Intrinsics | None
    board: BoardPlace | None
    shift: RigidTransform | None
    picture: "Future[UInt8[np.ndarray, 'height width 3']]"


class _Snapshot:
    """The scene as it was when a picture was asked for; a `World` as far as a `Camera` looks at it."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        self.model = model
        self.data = _MJ.MjData(model)
        self._places = {each.name: camera_pose(each) for each in (model.camera(i) for i in range(model.ncam))}

    def restore(self, order: _Order) -> None:
        _MJ.mj_setState(self.model, self.data, order.state, _STATE)
        seen, pose = self.model.camera(order.camera), self._places[order.camera]
        if order.shift is not None:
            pose = pose * order.shift
        seen.pos, seen.quat = pose.translation, quaternion(pose.rotation * FLIP)
        _MJ.mj_forward(self.model, self.data)
        if order.board is not None:
            arrange(self.model, self.data, order.camera, order.board)


def camera_pose(camera: Any) -> RigidTransform:  # noqa: ANN401
    """Of a camera of a `mujoco.MjModel` in the frame of the body that carries it; x right, y down, z forwards."""
    turn = Rotation.from_quat(camera.quat, scalar_first=True) * FLIP
    return RigidTransform.from_components(camera.pos, turn)


def full_state(model: Any, data: Any) -> Float64[np.ndarray, "size"]:  # noqa: ANN401
    """All that a picture depends on, as it is in `data` now."""
    state = np.empty(_MJ.mj_stateSize(model, _STATE))
    _MJ.mj_getState(model, data, state, _STATE)
    return state


class Photographer:
    """Takes orders for pictures from any thread; each comes as a future.

    The thread begins with the first order; `close` ends it.
    """

    def __init__(self, model: Any, on_done: Callable[[], None] = lambda: None) -> None:  # noqa: ANN401
        """Prepare; nothing is drawn yet.

        Args:
            model: a `mujoco.MjModel` of its own of the scene, which lenses change.
            on_done: called in the drawing thread after each picture.
        """
        self._model = model
        self._on_done = on_done
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def order(
        self,
        state: Float64[np.ndarray, "size"],
        camera: str,
        height: int,
        width: int,
        lens: Intrinsics | None = None,
        board: BoardPlace | None = None,
        shift: RigidTransform | None = None,
    ) -> "Future[UInt8[np.ndarray, 'height width 3']]":
        """Ask for a picture of the scene in a state, see `full_state`.

        Args:
            state: of the scene.
            camera: its name.
            height: of the picture [pixel].
            width: of it [pixel].
            lens: of that size, in place of a pinhole.
            board: where the model's board is; None leaves it out.
            shift: of the camera on its mount, in its own frame.
        """
        order = _Order(
            state=state,
            camera=camera,
            height=height,
            width=width,
            lens=lens,
            board=board,
            shift=shift,
            picture=Future(),
        )
        if self._thread is None:
            self._thread = threading.Thread(target=self._draw, name="photographer", daemon=True)
            self._thread.start()
        self._orders.put(order)
        return order.picture

    def close(self) -> None:
        """Finish what is ordered and end the thread."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join()
            self._thread = None

    def _draw(self) -> None:
        run_ordinarily()
        # Drawing surfaces belong to the thread that made them.
        snapshot = _Snapshot(self._model)
        camera = Camera(snapshot)  # pyright: ignore[reportArgumentType]
        views = _LensViews(self._model)
        while (order := self._orders.get()) is not None:
            try:
                snapshot.restore(order)
                order.picture.set_result(views.picture(camera, order))
            except (ClamRobotError, _MJ.FatalError, ValueError) as error:
                order.picture.set_exception(error)
            self._on_done()
        camera.close()


class _LensViews:
    """Pictures through any lens; keeps what each needs."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        self._model = model
        self._pinholes = {model.camera(i).name: float(model.cam_fovy[i]) for i in range(model.ncam)}
        self._views: dict[Intrinsics, LensView] = {}

    def picture(self, camera: Camera, order: _Order) -> UInt8[np.ndarray, "H W 3"]:
        option = _what_is_drawn(order.board)
        if order.lens is None:
            self._model.camera(order.camera).fovy = self._pinholes[order.camera]
            return camera.picture(order.camera, order.height, order.width, option).copy()
        if order.lens not in self._views:
            self._views[order.lens] = LensView(order.lens)
        view = self._views[order.lens]
        self._model.camera(order.camera).fovy = view.fovy
        return view.seen(camera.picture(order.camera, view.height, view.width, option))


def _what_is_drawn(board: BoardPlace | None) -> Any:  # noqa: ANN401
    """The `mujoco.MjvOption` for it."""
    option = _MJ.MjvOption()
    option.geomgroup[GROUP] = board is not None
    if board is not None and board.parent == "camera":
        option.geomgroup[:GROUP] = 0
    return option
