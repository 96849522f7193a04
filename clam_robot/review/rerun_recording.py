"""An episode as a recording for the Rerun viewer: every number over time, beside the pictures.

| entity | what |
|---|---|
| `state/<entry>` | measured state |
| `action/<entry>`, `requested/<entry>` | what was sent, and what was asked for; gaps where there was nothing |
| `task/success`, `task/return` | what the world said, where it did |
| `camera/<name>`, `depth/<name>` | pictures and, where it was measured, depth, at the time they were captured |
| `episode`, `limits` | what is known of the episode, and bounds and units of every entry, as text |

All of them lie on the timeline `time`, in seconds from the first row, and rows on `step` too.
"""

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import rerun as rr
import rerun.blueprint as rrb

from clam_robot.episodes.reader import Episode
from clam_robot.errors import EpisodeError
from clam_robot.review.new_file import require_replaceable
from clam_robot.specs import VectorSpec

APPLICATION = "clam-robot"
TIME = "time"
STEP = "step"
_JPEG_LEVEL = 90
_PNG_LEVEL = 1


def save_recording(
    episode: Episode,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write an episode as a file *.rrd; returns `path`.

    Args:
        episode: with at least one row.
        path: of the file.
        overwrite: replace a file that is there.
        progress: told pictures done and in all.

    Raises:
        EpisodeExists: a file is there and may not be replaced.
        DamagedEpisode: something of the episode cannot be read.
        EpisodeError: the disk is full.
    """
    require_replaceable(path, overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.partial")
    recording = rr.RecordingStream(APPLICATION, recording_id=f"{episode.path.resolve()}")
    try:
        try:
            recording.save(aside, default_blueprint=_layout(episode))
            log_episode(recording, episode, progress)
            recording.flush()
        finally:
            recording.disconnect()
    except RuntimeError as error:  # what Rerun makes of a full disk
        aside.unlink(missing_ok=True)
        raise EpisodeError(f"cannot write {path} ({error}); make room there, or give another --out") from error
    aside.replace(path)
    return path


def log_episode(
    recording: rr.RecordingStream,
    episode: Episode,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Send everything of an episode to a recording.

    Raises:
        DamagedEpisode: something of the episode cannot be read.
        EpisodeError: the disk is full.
    """
    start = float(episode.time[0])
    rows = [
        rr.TimeColumn(TIME, duration=(episode.time - start).tolist()),
        rr.TimeColumn(STEP, sequence=list(range(len(episode)))),
    ]
    _text(recording, "episode", _description(episode))
    _text(recording, "limits", _limits(episode))

    def send(entity: str, values: np.ndarray) -> None:
        rr.send_columns(
            entity, indexes=rows, columns=rr.Scalars.columns(scalars=values.astype(np.float64)), recording=recording
        )

    for prefix, names, values in (
        ("state", episode.spec.state.names, episode.state),
        ("action", episode.spec.action.names, episode.action),
        ("requested", episode.spec.action.names, episode.action_requested),
    ):
        for entry, name in enumerate(names):
            send(f"{prefix}/{name}", values[:, entry])
    for name, values in (("success", episode.row_success), ("return", episode.episode_return)):
        if np.isfinite(values).any():
            send(f"task/{name}", values)
    _pictures(recording, episode, start, progress)


def _pictures(
    recording: rr.RecordingStream, episode: Episode, start: float, progress: Callable[[int, int], None]
) -> None:
    done, total = 0, len(episode) * len(episode.spec.cameras)
    for camera, frames in episode.images.items():
        times = episode.image_times[camera]
        shown = np.where(np.isfinite(times), times, episode.time) - start
        for row in range(len(episode)):
            if row == 0 or shown[row] != shown[row - 1]:
                recording.set_time(TIME, duration=float(shown[row]))
                recording.set_time(STEP, sequence=row)
                jpeg = imagecodecs.jpeg_encode(frames[row], level=_JPEG_LEVEL)
                recording.log(f"camera/{camera}", rr.EncodedImage(contents=bytes(jpeg), media_type="image/jpeg"))
                if camera in episode.depths:
                    png = imagecodecs.png_encode(episode.depths[camera][row], level=_PNG_LEVEL)
                    meter = 1.0 / episode.frame_depths[camera].unit  # values in a metre
                    recording.log(
                        f"depth/{camera}", rr.EncodedDepthImage(bytes(png), media_type="image/png", meter=meter)
                    )
            done += 1
            progress(done, total)


def _text(recording: rr.RecordingStream, entity: str, text: str) -> None:
    recording.log(entity, rr.TextDocument(text, media_type=rr.MediaType.MARKDOWN), static=True)


def _description(episode: Episode) -> str:
    known = episode.attributes
    success = {True: "yes", False: "no", None: "not judged"}[known.success]
    lines = {
        "episode": episode.path.resolve().name,
        "robot": f"{known.spec.name}, {known.spec.control_hz:g} Hz",
        "task": known.task,
        "source": known.source,
        "success": success,
        "end": known.end,
        "started": known.started_at,
        "steps": f"{known.length}, {known.num_labeled} labelled, {known.recording.num_dropped} lost",
        "gripper": str(known.spec.gripper or "none"),
    }
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in lines.items())


def _limits(episode: Episode) -> str:
    def table(title: str, vector: VectorSpec) -> str:
        rows = zip(vector.names, vector.units, vector.low, vector.high, strict=True)
        body = "".join(f"| {name} | {unit} | {low:g} | {high:g} |\n" for name, unit, low, high in rows)
        return f"## {title}\n\n| entry | unit | low | high |\n|---|---|---|---|\n{body}\n"

    return table("state", episode.spec.state) + table("action", episode.spec.action)


def _layout(episode: Episode) -> rrb.Blueprint:
    cameras = [rrb.Spatial2DView(origin=f"camera/{camera}", name=camera) for camera in episode.spec.cameras]
    cameras += [rrb.Spatial2DView(origin=f"depth/{camera}", name=f"{camera}, depth") for camera in episode.depths]
    charts = rrb.Vertical(
        rrb.TimeSeriesView(origin="state", name="state"),
        rrb.TimeSeriesView(origin="action", name="action"),
        rrb.TimeSeriesView(origin="requested", name="requested"),
    )
    words = rrb.Tabs(
        rrb.TextDocumentView(origin="episode", name="episode"), rrb.TextDocumentView(origin="limits", name="limits")
    )
    columns = [rrb.Vertical(*cameras)] if cameras else []
    return rrb.Blueprint(rrb.Horizontal(*columns, charts, words), collapse_panels=True)
