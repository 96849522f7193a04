from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from clam_robot.cli.main import main
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import EpisodeExists
from clam_robot.review.bars import coverage, histogram
from clam_robot.review.episode_facts import measure
from clam_robot.review.report import write_report
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import fake_spec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step
from tests.clam_robot.exchange.made import Made, made_spec, record_made

FRONT = {"front": CameraSpec(height=48, width=64)}


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in {"src", "href"}]


def _record_camera(root: Path, frames: np.ndarray, image_times: np.ndarray) -> None:
    spec = fake_spec(cameras=FRONT)
    with Recorder(root, durable=False, wait_when_full=True) as recorder:
        recorder.on_episode_start(EpisodeStart(spec=spec, task="reach", source="play"))
        for row, frame in enumerate(frames):
            state = np.full(6, row / 10, np.float32)
            observation = Observation(
                time=row / 10, state=state, images={"front": frame}, image_times={"front": float(image_times[row])}
            )
            action = np.full(3, 0.1, np.float32)
            recorder.on_step(Step(observation=observation, requested=action, sent=action))
        recorder.on_episode_end(
            EpisodeOutcome(success=None, episode_return=None, num_steps=len(frames), end="horizon", achieved_hz=10.0)
        )


def test_the_page_is_complete_in_itself(tmp_path: Path) -> None:
    record_made(tmp_path / "made", made_spec(cameras=FRONT), [Made(length=20, seed=seed) for seed in range(5)])
    rows = write_report(EpisodeDataset(tmp_path / "made"), tmp_path / "page.html")
    page = _Page((tmp_path / "page.html").read_text())
    assert len(rows) == 5
    assert sum(source.startswith("data:image/jpeg;base64,") for source in page.sources) == 15
    assert all(source.startswith(("data:", "#episode_")) for source in page.sources)


def test_few_pictures_go_to_the_suspicious_first(tmp_path: Path) -> None:
    made = [Made(length=20, seed=seed) for seed in range(6)] + [Made(length=3)]
    record_made(tmp_path / "made", made_spec(cameras=FRONT), made)
    rows = write_report(EpisodeDataset(tmp_path / "made"), tmp_path / "page.html", max_pictured=2)
    assert [bool(row.pictures) for row in rows].count(True) == 2
    assert rows[-1].reasons
    assert rows[-1].pictures


def test_what_cannot_be_read_is_on_the_page_too(tmp_path: Path) -> None:
    record_made(tmp_path / "made", made_spec(), [Made(length=20), Made(length=20)])
    file = next(path for path in (tmp_path / "made/episode_000001/state").rglob("*") if "zarr.json" not in path.name)
    if file.is_dir():
        file = next(path for path in file.rglob("*") if path.is_file())
    file.write_bytes(b"broken")
    rows = write_report(EpisodeDataset(tmp_path / "made"), tmp_path / "page.html")
    assert len(rows) == 1
    assert "Cannot be read" in (tmp_path / "page.html").read_text()


def test_a_page_is_not_replaced_untold(tmp_path: Path) -> None:
    record_made(tmp_path / "made", made_spec(), [Made(length=4)])
    (tmp_path / "page.html").write_text("precious")
    with pytest.raises(EpisodeExists):
        write_report(EpisodeDataset(tmp_path / "made"), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == "precious"


def test_a_task_with_markup_stays_text(tmp_path: Path) -> None:
    record_made(tmp_path / "made", made_spec(), [Made(length=4, task="<script>alert(1)</script>")])
    write_report(EpisodeDataset(tmp_path / "made"), tmp_path / "page.html")
    assert "<script" not in (tmp_path / "page.html").read_text()


def test_a_frozen_camera_and_a_stall_are_told_apart(tmp_path: Path) -> None:
    times = np.arange(30) / 10
    moving = np.arange(30, dtype=np.uint8)[:, None, None, None] * np.ones((1, 48, 64, 3), np.uint8) * 8
    _record_camera(tmp_path / "a", np.repeat(moving[:1], 30, axis=0), times)
    _record_camera(tmp_path / "b", moving, np.where((times > 1) & (times < 2), 1.0, times))
    _record_camera(tmp_path / "c", moving, times)
    frozen, stalled, fine = (measure(EpisodeDataset(tmp_path / name)[0]).cameras["front"] for name in "abc")
    assert (frozen.is_frozen, stalled.is_frozen, fine.is_frozen) == (True, False, False)
    assert stalled.longest_stall == pytest.approx(1.0)
    assert fine.longest_stall == pytest.approx(0.1)
    assert stalled.max_skew == pytest.approx(0.9)


def test_the_command_names_suspicious_episodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_made(tmp_path / "made", made_spec(), [Made(length=n, seed=n) for n in (30, 31, 32, 4)])
    assert main(["report", str(tmp_path / "made")]) == 0
    out = capsys.readouterr().out
    assert "suspicious: episode_000003: short: 4 steps" in out
    assert (tmp_path / "made_report.html").exists()
    assert "cannot be read" not in out


def test_the_command_says_how_many_episodes_it_could_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_made(tmp_path / "made", made_spec(), [Made(length=n, seed=n) for n in (30, 31)])
    (tmp_path / "made/episode_000001/state/c.0.0").write_bytes(b"broken")
    assert main(["report", str(tmp_path / "made")]) == 0
    out = capsys.readouterr().out
    assert "not on the page: 1 of 2 episodes, which cannot be read" in out
    assert "1 episode: " in out


def test_bars_count_every_value() -> None:
    values = np.array([-5.0, 0.1, 0.2, 0.9, 7.0])
    found = histogram(values, title="x", unit="m", low=0.0, high=1.0, bins=10)
    assert sum(bar.count for bar in found.bars) == 5
    assert [bar.count for bar in found.bars if bar.count] == [1, 1, 1, 2]


def test_coverage_is_the_share_of_cells_that_were_visited() -> None:
    found = coverage(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]), title="p", axes=("x", "y"), cells=2)
    assert found.share == 0.5
    assert {(cell.column, cell.row) for cell in found.cells} == {(0, 0), (1, 1)}
