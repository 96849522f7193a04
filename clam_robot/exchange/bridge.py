"""Reads raw trajectories of the Bridge data, as `bridge_data_robot` records them.

Every folder with an `obs_dict.pkl` and a `policy_out.pkl` below the given one is an episode.

| there | here |
|---|---|
| `obs_dict["state"]` (T, 7): x, y, z [m], roll, pitch, yaw [rad] from the neutral pose, gripper | `state` [0:7] |
| `obs_dict["qpos"]` (T, 6 or more) [rad] | `state` [7:13], where all trajectories have it |
| `policy_out[t]["actions"]` (T - 1, 7) | `action`, `action_requested`; the closing row has none |
| `obs_dict["time_stamp"]` (T,) [s] | `time`, and the time of the frames; otherwise rows at 5 Hz |
| `images<n>/im_<t>.jpg` | camera `images<n>`, where all trajectories have it |
| `lang.txt`, or the folder's name | task |

The action is dx, dy, dz [m], droll, dpitch, dyaw [rad] in the base's axes, chained on the commanded pose, and the
gripper's opening, 1 = open: the same as the WidowX's pose actions here. Depth pictures and `agent_data.pkl` are passed
over. The pickles are read by `clam_robot.exchange.restricted_pickle`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from clam_robot.errors import ExchangeError
from clam_robot.exchange import restricted_pickle
from clam_robot.exchange.clip import Clip, unjudged
from clam_robot.specs import CameraSpec, GripperSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeStart

HZ = 5.0
STATE = ("x", "y", "z", "roll", "pitch", "yaw", "gripper")
JOINTS = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate")
ACTION = ("dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper")
_OBSERVATIONS = "obs_dict.pkl"
_ACTIONS = "policy_out.pkl"
_INF = float("inf")


class BridgeSource:
    """Trajectories below a folder as clips.

    Raises:
        ExchangeError: there are none, or the first one is damaged.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders = sorted((path.parent for path in root.rglob(_OBSERVATIONS)), key=_natural)
        if not self._folders:
            raise ExchangeError(f"expected folders with {_OBSERVATIONS} below {root}, found none; give one above traj0")
        cameras = set.intersection(*({path.name for path in folder.glob("images*")} for folder in self._folders))
        first = _observations(self._folders[0])
        self._has_joints = all("qpos" in _observations(folder) for folder in self._folders)
        self.spec = _spec(
            {camera: _size(self._folders[0] / camera) for camera in sorted(cameras)}, has_joints=self._has_joints
        )
        _array(first, "state", self._folders[0])

    def __len__(self) -> int:
        return len(self._folders)

    def __iter__(self) -> Iterator[Clip]:
        for folder in self._folders:
            yield self._clip(folder)

    def _clip(self, folder: Path) -> Clip:
        found = _observations(folder)
        state = _array(found, "state", folder)
        length = len(state)
        if self._has_joints:
            state = np.concatenate([state, _array(found, "qpos", folder)[:, : len(JOINTS)]], axis=1)
        action = _actions(folder, length)
        time = _times(found, length, folder)
        return Clip(
            start=EpisodeStart(spec=self.spec, task=_task(folder, self._root), source="teleop"),
            time=time,
            state=state,
            action=action,
            action_requested=action,
            image_times=dict.fromkeys(self.spec.cameras, time),
            frames=_frames(folder, tuple(self.spec.cameras), length),
            row_success=unjudged(length),
            episode_return=unjudged(length),
        )


def _spec(cameras: dict[str, CameraSpec], *, has_joints: bool) -> RobotSpec:
    names, units = STATE, ("m",) * 3 + ("rad",) * 3 + ("1",)
    if has_joints:
        names, units = names + JOINTS, units + ("rad",) * len(JOINTS)
    step = (0.05,) * 3 + (0.25,) * 3
    return RobotSpec(
        name="bridge",
        state=VectorSpec(names=names, units=units, low=(-_INF,) * len(names), high=(_INF,) * len(names)),
        action=VectorSpec(
            names=ACTION,
            units=("m",) * 3 + ("rad",) * 3 + ("1",),
            low=(*(-each for each in step), 0.0),
            high=(*step, 1.0),
        ),
        control_hz=HZ,
        cameras=cameras,
        gripper=GripperSpec(action="gripper", mode="continuous", closes="below", threshold=0.5),
    )


def _observations(folder: Path) -> dict[str, Any]:
    found = restricted_pickle.load(folder / _OBSERVATIONS)
    if not isinstance(found, dict):
        raise ExchangeError(f"{folder / _OBSERVATIONS}: expected a dictionary, found {type(found).__name__}")
    return found


def _array(found: Mapping[str, Any], name: str, folder: Path) -> Float32[np.ndarray, "T n"]:
    try:
        array = np.asarray(found[name], np.float32)
    except (KeyError, ValueError, TypeError) as error:
        raise ExchangeError(f"{folder / _OBSERVATIONS}: no {name} (T, n) in it: {error!r}") from None
    if array.ndim != 2 or array.shape[1] < len(JOINTS) or not len(array):
        raise ExchangeError(f"{folder / _OBSERVATIONS}: {name}: expected shape (T, 6 or more), found {array.shape}")
    return array[:, : len(STATE)]


def _actions(folder: Path, length: int) -> Float32[np.ndarray, "T 7"]:
    path = folder / _ACTIONS
    given = restricted_pickle.load(path)
    try:
        actions = np.asarray([entry["actions"] for entry in given], np.float32)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ExchangeError(f"{path}: expected a list of dictionaries with actions, found {error!r}") from None
    if actions.ndim != 2 or actions.shape[1] != len(ACTION) or length - len(actions) not in {0, 1}:
        raise ExchangeError(
            f"{path}: expected one action of {len(ACTION)} fewer than {length} observations, found {actions.shape}"
        )
    missing = np.full((length - len(actions), len(ACTION)), np.nan, np.float32)
    return np.concatenate([actions, missing])


def _times(found: Mapping[str, Any], length: int, folder: Path) -> Float64[np.ndarray, "T"]:
    if "time_stamp" not in found:
        return np.arange(length) / HZ
    try:
        times = np.asarray(found["time_stamp"], np.float64).reshape(-1)
    except (ValueError, TypeError) as error:
        raise ExchangeError(f"{folder / _OBSERVATIONS}: time_stamp: expected seconds, found {error}") from None
    if len(times) != length or not (np.diff(times) > 0).all():
        raise ExchangeError(f"{folder / _OBSERVATIONS}: time_stamp: expected {length} rising times, found {len(times)}")
    return times


def _frames(folder: Path, cameras: tuple[str, ...], length: int) -> Iterator[Mapping[str, UInt8[np.ndarray, "H W 3"]]]:
    for row in range(length):
        yield {camera: _picture(folder / camera / f"im_{row}.jpg") for camera in cameras}


def _picture(path: Path) -> UInt8[np.ndarray, "H W 3"]:
    try:
        return imagecodecs.jpeg_decode(path.read_bytes())
    except (OSError, ValueError, RuntimeError) as error:
        raise ExchangeError(f"{path} cannot be read as a picture: {error}; restore it from a copy") from error


def _size(folder: Path) -> CameraSpec:
    height, width, _ = _picture(folder / "im_0.jpg").shape
    return CameraSpec(height=height, width=width)


def _task(folder: Path, root: Path) -> str:
    words = folder / "lang.txt"
    if words.exists():
        first = words.read_text(encoding="utf-8").strip().partition("\n")[0]
        if first:
            return first
    parts = folder.relative_to(root).parts
    named = [part for part in parts if not re.fullmatch(r"raw|traj(_group)?\d+|[\d_-]+", part)]
    return named[-1] if named else root.resolve().name


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", str(path))]
