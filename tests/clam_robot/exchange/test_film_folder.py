from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import ConfigError, ExchangeError
from clam_robot.exchange.clip import record
from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.exchange.film_folder import FilmFolderConfig, FilmFolderSource
from clam_robot.exchange.film_writer import FilmWriter
from clam_robot.exchange.picture_size import fitted
from clam_robot.specs import CameraSpec
from tests.clam_robot.exchange.made import made_frame, made_spec, psnr

SIZE = CameraSpec(height=48, width=64)


def _film(path: Path, length: int, hz: float) -> None:
    with FilmWriter(path, size=SIZE, hz=hz, codec=FilmCodec(key_frame_every=12)) as film:
        for row in range(length):
            film.append(made_frame(SIZE, row, 0.0))


@pytest.mark.parametrize(("hz", "rows"), [(10.0, range(0, 30, 3)), (30.0, range(30)), (60.0, np.arange(59) // 2)])
def test_each_row_has_the_picture_shown_at_its_time(tmp_path: Path, hz: float, rows: range) -> None:
    _film(tmp_path / "pick up/first.mp4", 30, 30.0)
    options = FilmFolderConfig(hz=hz, height=48, width=64)
    for clip in FilmFolderSource(tmp_path, options):
        record(clip, tmp_path / "after")
    (episode,) = EpisodeDataset(tmp_path / "after")
    assert (episode.task, episode.source, episode.attributes.is_labeled) == ("pick up", "film", False)
    assert not episode.action_labeled.any()
    np.testing.assert_allclose(episode.time, np.arange(len(rows)) / hz, atol=1e-6)
    np.testing.assert_allclose(episode.image_times["front"], np.array(rows) / 30, atol=1e-4)
    for row, shown in enumerate(rows):
        frame = episode.images["front"][row]
        assert psnr(frame, made_frame(SIZE, int(shown), 0.0)) > 33
        assert shown == 0 or psnr(frame, made_frame(SIZE, int(shown) - 1, 0.0)) < 30


def test_films_take_the_shape_of_the_robot_they_are_for(tmp_path: Path) -> None:
    _film(tmp_path / "a.mp4", 9, 10.0)
    spec = made_spec(cameras={"top": CameraSpec(height=20, width=20)})
    for clip in FilmFolderSource(tmp_path, FilmFolderConfig(camera="top"), spec):
        record(clip, tmp_path / "after")
    (episode,) = EpisodeDataset(tmp_path / "after")
    assert episode.spec == spec
    assert not episode.state.any()
    assert len(episode) == 9


def test_a_robot_without_that_camera_is_refused(tmp_path: Path) -> None:
    _film(tmp_path / "a.mp4", 3, 10.0)
    with pytest.raises(ConfigError, match="it has top"):
        FilmFolderSource(tmp_path, None, made_spec(cameras={"top": SIZE}))


def test_a_picture_keeps_its_proportions() -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[:, 20:60] = 200
    assert (fitted(picture, CameraSpec(height=10, width=10)) == 200).all()


def test_no_film_and_a_broken_film_are_named(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="found none"):
        FilmFolderSource(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"no film")
    with pytest.raises(ExchangeError, match=r"a\.mp4 cannot be read as a film"):
        list(FilmFolderSource(tmp_path))
