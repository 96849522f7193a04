import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import imagecodecs
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from numcodecs import Blosc
from numcodecs.registry import register_codec

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import EpisodeExists, ExchangeError
from clam_robot.exchange.clip import record
from clam_robot.exchange.picture_codecs import JpegXl
from clam_robot.exchange.replay_buffer import export_replay_buffer
from clam_robot.exchange.replay_buffer_import import ReplayBufferSource
from clam_robot.specs import CameraSpec
from tests.clam_robot.exchange.comparing import require_same
from tests.clam_robot.exchange.made import CAMERAS, EPISODES, Made, made_frame, made_spec, psnr, record_made

FRONT = {"front": CameraSpec(height=48, width=64)}


def _import(source: Path, root: Path) -> None:
    for clip in ReplayBufferSource(source):
        record(clip, root)


@settings(max_examples=10)
@given(cameras=CAMERAS, episodes=EPISODES)
def test_there_and_back_changes_no_number(cameras: dict[str, CameraSpec], episodes: Sequence[Made]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        record_made(root / "before", made_spec(cameras=cameras), episodes)
        export_replay_buffer(EpisodeDataset(root / "before"), root / "there.zarr")
        _import(root / "there.zarr", root / "after")
        require_same(root / "before", root / "after", decibel=36.0)


def test_pictures_lose_nothing_on_the_way_there(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=4), Made(length=40)])
    dataset = EpisodeDataset(tmp_path / "before")
    export_replay_buffer(dataset, tmp_path / "there.zarr")
    frames = zarr.open_array(tmp_path / "there.zarr/data/front_rgb", mode="r", zarr_format=2)
    np.testing.assert_array_equal(frames[:], np.concatenate([episode.images["front"][:] for episode in dataset]))
    assert frames.chunks == (1, 48, 64, 3)


def test_the_layout_is_that_of_a_replay_buffer(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=4), Made(length=6)])
    export_replay_buffer(EpisodeDataset(tmp_path / "before"), tmp_path / "there.zarr")
    group = zarr.open_group(tmp_path / "there.zarr", mode="r", zarr_format=2)
    assert {name: (array.shape, str(array.dtype)) for name, array in group["data"].arrays()} == {
        "state": ((10, 3), "float32"),
        "action": ((10, 2), "float32"),
        "action_labeled": ((10,), "bool"),
        "action_requested": ((10, 2), "float32"),
        "timestamp": ((10,), "float64"),
        "success": ((10,), "float32"),
        "episode_return": ((10,), "float32"),
        "front_timestamp": ((10,), "float64"),
        "front_rgb": ((10, 48, 64, 3), "uint8"),
    }
    assert group["meta/episode_ends"][:].tolist() == [4, 10]
    assert group["meta/episode_ends"].dtype == np.int64
    assert not list((tmp_path / "there.zarr").rglob("zarr.json"))


def test_an_export_never_replaces_what_is_there_untold(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(), [Made(length=4)])
    (tmp_path / "there.zarr").mkdir()
    with pytest.raises(EpisodeExists, match="--overwrite"):
        export_replay_buffer(EpisodeDataset(tmp_path / "before"), tmp_path / "there.zarr")


class _JpegXlWriter(JpegXl):
    """As imagecodecs has it for those who write such stores."""

    def encode(self, buf: np.ndarray) -> bytes:
        return imagecodecs.jpegxl_encode(np.squeeze(buf), level=99)


def _umi_store(path: Path, *, has_action: bool) -> list[np.ndarray]:
    register_codec(_JpegXlWriter)
    frames = [made_frame(FRONT["front"], row, 0.0) for row in range(7)]
    data = zarr.open_group(path, mode="w", zarr_format=2).create_group("data")
    meta = zarr.open_group(path, mode="a", zarr_format=2).create_group("meta")
    rng = np.random.default_rng(0)
    for name, size in (
        ("robot0_eef_pos", 3),
        ("robot0_eef_rot_axis_angle", 3),
        ("robot0_gripper_width", 1),
        ("robot0_demo_start_pose", 6),
        *([("action", 7)] if has_action else []),
    ):
        data.create_array(name=name, data=rng.normal(size=(7, size)).astype(np.float32), compressors=Blosc())
    pictures = data.create_array(
        name="camera0_rgb",
        shape=(7, 48, 64, 3),
        chunks=(1, 48, 64, 3),
        dtype=np.uint8,
        compressors=_JpegXlWriter(level=99, numthreads=1),
    )
    pictures[:] = np.stack(frames)
    meta.create_array(name="episode_ends", data=np.array([3, 7], np.int64))
    return frames


def test_a_store_of_umi_comes_as_unlabelled_demonstrations(tmp_path: Path) -> None:
    frames = _umi_store(tmp_path / "umi.zarr", has_action=False)
    for clip in ReplayBufferSource(tmp_path / "umi.zarr", hz=20.0, task="cup"):
        record(clip, tmp_path / "after")
    first, second = EpisodeDataset(tmp_path / "after")
    assert first.spec.state.names == (
        "robot0_eef_pos_0",
        "robot0_eef_pos_1",
        "robot0_eef_pos_2",
        "robot0_eef_rot_axis_angle_0",
        "robot0_eef_rot_axis_angle_1",
        "robot0_eef_rot_axis_angle_2",
        "robot0_gripper_width",
    )
    assert (len(first), len(second), first.task, first.spec.control_hz) == (3, 4, "cup", 20.0)
    assert not first.action_labeled.any()
    assert psnr(second.images["camera0"][0], frames[3]) > 30


def test_a_store_with_actions_has_labels(tmp_path: Path) -> None:
    _umi_store(tmp_path / "umi.zarr", has_action=True)
    _import(tmp_path / "umi.zarr", tmp_path / "after")
    assert EpisodeDataset(tmp_path / "after")[0].action_labeled.all()


def test_a_length_that_does_not_fit_is_named(tmp_path: Path) -> None:
    _umi_store(tmp_path / "umi.zarr", has_action=False)
    meta = zarr.open_group(tmp_path / "umi.zarr/meta", mode="a", zarr_format=2)
    meta["episode_ends"][:] = np.array([3, 8])
    with pytest.raises(ExchangeError, match="expected 8 rows as episode_ends says, found 7"):
        ReplayBufferSource(tmp_path / "umi.zarr")


@pytest.mark.parametrize("what", ["nothing", "empty", "file"])
def test_what_is_no_replay_buffer_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "store.zarr"
    if what == "empty":
        path.mkdir()
    elif what == "file":
        path.write_bytes(b"no zip")
    with pytest.raises(ExchangeError, match="no replay buffer"):
        ReplayBufferSource(path)


@pytest.mark.slow
def test_zarr_2_reads_an_export(tmp_path: Path) -> None:
    interpreter = os.environ.get("CLAM_ZARR2_PYTHON")
    if not interpreter:
        pytest.skip("CLAM_ZARR2_PYTHON names no interpreter with zarr 2")
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=4)])
    export_replay_buffer(EpisodeDataset(tmp_path / "before"), tmp_path / "there.zarr")
    program = (
        "import sys, zarr; assert zarr.__version__ < '3'; g = zarr.open(sys.argv[1], 'r');"
        "print(g['meta/episode_ends'][:].tolist(), g['data/front_rgb'][2].sum(), g['data/state'][3].tolist())"
    )
    answer = subprocess.run(
        [interpreter, "-c", program, tmp_path / "there.zarr"],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    (episode,) = EpisodeDataset(tmp_path / "before")
    assert answer.stdout.strip() == f"[4] {episode.images['front'][2].sum()} {episode.state[3].tolist()}"
