import pickle  # noqa: TID251 (the tests write what the importer must read or refuse)
import pickletools
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import ExchangeError
from clam_robot.exchange import restricted_pickle
from clam_robot.exchange.bridge import BridgeSource
from clam_robot.exchange.clip import record
from clam_robot.specs import CameraSpec
from tests.clam_robot.exchange.made import made_frame, psnr

SIZE = CameraSpec(height=48, width=64)


def _trajectory(folder: Path, length: int, *, cameras: int = 2, with_times: bool = True) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(length)
    found = {"state": rng.normal(size=(length, 7)), "qpos": rng.normal(size=(length, 6))}
    if with_times:
        found["time_stamp"] = 1.6e9 + np.arange(length) * 0.21
    actions = rng.normal(size=(length - 1, 7))
    folder.mkdir(parents=True)
    (folder / "obs_dict.pkl").write_bytes(pickle.dumps(found))
    steps = [{"actions": action, "policy_type": "VRTeleopPolicy"} for action in actions]
    (folder / "policy_out.pkl").write_bytes(pickle.dumps(steps, protocol=2))
    for camera in range(cameras):
        (folder / f"images{camera}").mkdir()
        for row in range(length):
            picture = imagecodecs.jpeg_encode(made_frame(SIZE, row, camera), level=95)
            (folder / f"images{camera}/im_{row}.jpg").write_bytes(picture)
    return found | {"actions": actions}


def _import(root: Path, out: Path) -> EpisodeDataset:
    for clip in BridgeSource(root):
        record(clip, out)
    return EpisodeDataset(out)


def test_trajectories_become_episodes(tmp_path: Path) -> None:
    raw = tmp_path / "raw_bridge/put_sushi/2022-01-01_10-00-00/raw/traj_group0"
    late, early = _trajectory(raw / "traj10", 6), _trajectory(raw / "traj2", 9, cameras=3)
    (raw / "traj10/lang.txt").write_text("put the sushi into the pot\nconfidence: 1.0\n")
    first, second = _import(tmp_path / "raw_bridge", tmp_path / "after")
    assert (first.task, second.task) == ("put_sushi", "put the sushi into the pot")
    for episode, wanted in ((first, early), (second, late)):
        joined = np.concatenate([wanted["state"], wanted["qpos"]], axis=1).astype(np.float32)
        np.testing.assert_array_equal(episode.state, joined)
        np.testing.assert_array_equal(episode.action[:-1], wanted["actions"].astype(np.float32))
        np.testing.assert_array_equal(episode.time, wanted["time_stamp"])
        assert episode.action_labeled.tolist() == [True] * (len(episode) - 1) + [False]
        assert list(episode.images) == ["images0", "images1"]
        assert psnr(episode.images["images1"][3], made_frame(SIZE, 3, 1)) > 30


def test_without_stamps_rows_come_at_five_hertz(tmp_path: Path) -> None:
    _trajectory(tmp_path / "traj0", 4, with_times=False)
    (episode,) = _import(tmp_path, tmp_path / "after")
    np.testing.assert_allclose(episode.time, [0, 0.2, 0.4, 0.6])


def test_numbers_of_actions_and_observations_must_fit(tmp_path: Path) -> None:
    _trajectory(tmp_path / "traj0", 4)
    (tmp_path / "traj0/policy_out.pkl").write_bytes(pickle.dumps([{"actions": np.zeros(7)}]))
    with pytest.raises(ExchangeError, match=r"fewer than 4 observations, found \(1, 7\)"):
        _import(tmp_path, tmp_path / "after")


class _Malicious:
    def __init__(self, function: object, *arguments: object) -> None:
        self._reduced = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self._reduced


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("name", ["system", "eval", "exec", "getattr", "open", "runstring", "load"])
def test_malicious_pickles_are_refused_and_nothing_of_them_runs(tmp_path: Path, name: str, protocol: int) -> None:
    trace = tmp_path / "it_ran"
    code = f"open({str(trace)!r}, 'w')"
    harm = {
        "system": _Malicious(__import__("os").system, f"touch {trace}"),
        "eval": _Malicious(eval, code),
        "exec": _Malicious(exec, code),
        "getattr": _Malicious(getattr, np.zeros(1), "tofile"),
        "open": _Malicious(open, str(trace), "w"),
        "runstring": _Malicious(__import__("timeit").timeit, code),
        "load": _Malicious(np.load, str(trace)),
    }[name]
    path = tmp_path / "obs_dict.pkl"
    path.write_bytes(pickle.dumps({"state": [harm]}, protocol=protocol))
    with pytest.raises(ExchangeError, match="expected plain values and numpy arrays, found the name"):
        restricted_pickle.load(path)
    assert not trace.exists()


def test_an_encoding_that_would_load_a_module_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(b"c_codecs\nencode\n(Vx\nVantigravity\ntR.")
    with pytest.raises(ExchangeError, match="encoding 'antigravity'"):
        restricted_pickle.load(path)


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_arrays_and_plain_values_are_read(tmp_path: Path, protocol: int) -> None:
    value = {"a": np.arange(6.0).reshape(2, 3), "b": [np.float32(2), 1, None, "x", b"\xff"], "c": (True, {1})}
    if protocol < 4:
        value["c"] = (True,)
    path = tmp_path / "x.pkl"
    path.write_bytes(pickletools.optimize(pickle.dumps(value, protocol=protocol)))
    found = restricted_pickle.load(path)
    np.testing.assert_array_equal(found["a"], value["a"])
    assert (found["b"], found["c"]) == (value["b"], value["c"])


@pytest.mark.parametrize("data", [b"", b"\x80\x04", b"not a pickle", pickle.dumps([1, 2])[:-3]])
def test_a_broken_pickle_is_said_to_be_one(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(data)
    with pytest.raises(ExchangeError, match=r"x\.pkl"):
        restricted_pickle.load(path)


def test_a_folder_without_trajectories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="found none"):
        BridgeSource(tmp_path)
