"""What a command writes replaces no device and no pipe, whoever runs it."""

import os
import stat
from pathlib import Path

import pytest

from clam_robot.errors import EpisodeExists
from clam_robot.review.new_file import require_replaceable


def test_nothing_and_a_file_may_be_replaced(tmp_path: Path) -> None:
    require_replaceable(tmp_path / "new", overwrite=False)
    (tmp_path / "old").touch()
    require_replaceable(tmp_path / "old", overwrite=True)
    with pytest.raises(EpisodeExists, match="add --overwrite"):
        require_replaceable(tmp_path / "old", overwrite=False)


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_pipe_and_a_folder_may_not(tmp_path: Path, overwrite: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path(os.devnull)):
        with pytest.raises(EpisodeExists, match="found something else"):
            require_replaceable(path, overwrite=overwrite)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
