"""A session that stands where a test puts it."""

import threading
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.types import Observation, Step
from teleop.session_state import Coverage, Gauge, Phase, SessionState, Wish

READY = frozenset({Wish.START, Wish.TASK, Wish.QUIT, Wish.STOP})
RECORDING = frozenset(
    {Wish.END, Wish.SUCCESS, Wish.FAILURE, Wish.UNSURE, Wish.REDO, Wish.DISCARD, Wish.NOTE, Wish.STOP}
)


def make_spec() -> RobotSpec:
    camera = CameraSpec(height=120, width=160)
    return widowx_spec(ActionConfig(), name="widowx", cameras={"over_shoulder": camera, "wrist": camera})


def make_step(time: float, spec: RobotSpec, *, shade: int = 0) -> Step:
    """A control period in which everything waves, and every camera sees one shade."""
    phases = np.arange(len(spec.state))
    action = (0.02 * np.sin(time + np.arange(len(spec.action)))).astype(np.float32)
    images = {name: np.full((camera.height, camera.width, 3), shade, np.uint8) for name, camera in spec.cameras.items()}
    return Step(
        observation=Observation(
            time=time,
            state=np.sin(time + phases).astype(np.float32),
            images=images,
            image_times=dict.fromkeys(images, time),
        ),
        requested=action,
        sent=0.8 * action,
    )


class FakeSession:
    """A `SessionControl`.

    Attributes:
        now: its state.
        step: its newest control period.
        asked: wishes and their texts.
        refusal: what it says to a wish; "" accepts.
        error: raised at every call instead.
        num_looks: how often its state was asked for.
    """

    def __init__(self) -> None:
        self.now = SessionState(
            phase=Phase.READY,
            mode="demonstration",
            task="put the block into the pot",
            operator="Ada",
            target=50,
            prompt="Put the block on the table, then start.",
            wishes=READY,
        )
        self.step: Step | None = None
        self.asked: list[tuple[Wish, str]] = []
        self.refusal = ""
        self.error: Exception | None = None
        self.num_looks = 0
        self._lock = threading.Lock()

    def become(self, **changes: object) -> None:
        self.now = replace(self.now, **changes)

    def state(self) -> SessionState:
        self._fail()
        with self._lock:
            self.num_looks += 1
        return self.now

    def ask(self, wish: Wish, text: str = "") -> str:
        self._fail()
        self.asked.append((wish, text))
        return self.refusal

    def newest_step(self) -> Step | None:
        self._fail()
        return self.step

    @property
    def details(self) -> Mapping[str, str]:
        self._fail()
        return {"robot": "widowx", "device": "gamepad", "folder": "episodes/block-in-pot"}

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


GAUGES = (
    Gauge(name="rate", value=9.98, unit="Hz", detail="10 wanted"),
    Gauge(name="dropped rows", value=0.0, unit=""),
    Gauge(name="camera skew", value=41.0, unit="ms", is_alarming=True, detail="below 30; check the USB hub"),
    Gauge(name="disk left", value=412.5, unit="GB"),
    Gauge(name="infer", value=None, unit="ms"),
)
COVERAGE = (
    Coverage(name="holding something", value=83.0, target=120.0, unit="s"),
    Coverage(name="gripper transitions", value=31.0, target=60.0, unit="", missing="closing near the table"),
    Coverage(name="workspace", value=46.0, target=64.0, unit="cells", missing="far left, high"),
)
