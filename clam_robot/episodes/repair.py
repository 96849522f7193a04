"""Makes unfinished and damaged episodes readable again, and keeps what they were."""

import dataclasses
import itertools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import clam_robot
from clam_robot.episodes import array_metadata, attributes, damage, depth_file, folders, frame_file, schema
from clam_robot.episodes.attributes import EpisodeAttributes, RecordingStatistics
from clam_robot.episodes.disk import Disk, is_full
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.evidence import camera_evidence, stream_evidence
from clam_robot.episodes.frame_stream import FrameStream
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.salvage import Salvage, salvage
from clam_robot.errors import DamagedEpisode, EpisodeError, NoEpisodes

SET_ASIDE = "set_aside"
"""Folder within a data set for what was replaced."""

# Rows this many periods apart have lost rows between them.
_GAP = 1.5


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What was done to an episode, or would be.

    Attributes:
        path: the readable episode.
        set_aside: where what it was is kept; None where nothing was done.
        num_rows: that it has now.
        losses: what is lost, in words; empty where it only had no end.
    """

    path: Path
    set_aside: Path | None
    num_rows: int
    losses: tuple[str, ...]


def repair(folder: Path, *, dry_run: bool = False, disk: Disk | None = None) -> Repair | None:
    """Write anew what is whole of an episode, and set aside what it was.

    An unfinished episode keeps what was flushed; how it ended is unknown, so its success is None and its end
    "recovered". A damaged one loses the rows that are not whole; those beside them are parted by a gap.

    Args:
        folder: of an episode, finished or hidden.
        dry_run: only say what would be done.
        disk: where to.

    Returns:
        What was done; None where nothing is wrong.

    Raises:
        NoEpisodes: nothing of it is whole, or its attributes are lost, without which nothing can be read.
        EpisodeError: it is being recorded, or not an episode, or the disk is full or gone; it is as it was.
    """
    is_finished = not folders.is_partial(folder)
    if not folder.is_dir() or (is_finished and not folders.is_finished(folder)):
        raise EpisodeError(f"expected an episode such as episode_000007 or .episode_000007.partial, found {folder}")
    descriptor = folders.lock(folder)
    if descriptor is None:
        raise EpisodeError(f"{folder} is still being recorded; stop the recording first")
    try:
        return _repair(folder, is_finished=is_finished, dry_run=dry_run, disk=disk or Disk())
    finally:
        os.close(descriptor)


def put_aside(folder: Path, *, disk: Disk | None = None) -> Path:
    """Move a folder out of the data set, and say where it is."""
    aside = folder.parent / SET_ASIDE
    aside.mkdir(exist_ok=True)
    names = itertools.chain([folder.name], (f"{folder.name}.{number}" for number in itertools.count(1)))
    path = next(path for name in names if not (path := aside / name).exists())
    (disk or Disk()).rename(folder, path)
    return path


def _repair(folder: Path, *, is_finished: bool, dry_run: bool, disk: Disk) -> Repair | None:
    path = folder if is_finished else folders.final_path(folder)
    if not is_finished and not (folder / schema.METADATA).exists():
        raise NoEpisodes(f"{folder}: nothing of it reached the disk")
    start = _start(folder)
    if is_finished and next(damage.find(folder, start), None) is None:
        return None
    kept = salvage(folder, start, is_finished=is_finished)
    try:
        attributes.require_unchanged(folder)
    except DamagedEpisode:
        changed = "the attributes are not what was written; what they said at the repair is kept"
        kept = dataclasses.replace(kept, losses=(*kept.losses, changed))
    if not len(kept.rows):
        raise NoEpisodes(f"{folder}: nothing of it is whole")
    plan = Repair(path=path, set_aside=None, num_rows=len(kept.rows), losses=kept.losses)
    if dry_run:
        return plan
    repaired = folder.with_name(f".{path.name}.repair")
    if repaired.exists():  # of a repair that was interrupted
        put_aside(repaired, disk=disk)
    described = _attributes(start, kept, is_finished=is_finished)
    try:
        (folder.parent / SET_ASIDE).mkdir(exist_ok=True)
        disk.make_folder(repaired)
        _write(folder, repaired, described, kept, disk)
        Episode(repaired).check()
        disk.sync_all()
    except OSError as error:
        shutil.rmtree(repaired, ignore_errors=True)
        where = "make room there" if is_full(error) else "see that the disk is there"
        raise EpisodeError(
            f"cannot repair {folder}: {error}; it is as it was: {where}, then repair it again"
        ) from error
    if is_finished:
        aside = put_aside(folder, disk=disk)
        disk.rename(repaired, path)
    else:
        disk.rename(repaired, path)
        aside = put_aside(folder, disk=disk)
    for changed in (path.parent, aside.parent):
        disk.sync(changed)
    EpisodeIndex(path.parent).add(path.name, described)
    return dataclasses.replace(plan, set_aside=aside)


def _start(folder: Path) -> EpisodeAttributes:
    try:
        return attributes.read(folder)
    except DamagedEpisode as error:
        if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError):
            raise  # the disk, not the episode
        raise NoEpisodes(
            f"{folder}: its attributes are lost, without which nothing of it can be read; put back its "
            f"{schema.METADATA} from a copy, and its folder where it was"
        ) from error


def _write(source: Path, target: Path, described: EpisodeAttributes, kept: Salvage, disk: Disk) -> None:
    files = EpisodeFiles(
        target,
        described.spec,
        num_joints=len(described.joints),
        depth_cameras=described.depth_units,
        disk=disk,
        jpeg_level=_jpeg_level(source, described),
    )
    for camera, stream in files.frames.items():
        _write_frames(source, camera, stream, kept)
    for sample in kept.joints.tolist():
        files.joints.append({name: values[sample] for name, values in kept.joint_values.items()})
        files.joints.flush_when_full()
    index = {schema.frame_index_array(camera): _renumbered(kept, camera) for camera in files.frames}
    for place, row in enumerate(kept.rows.tolist()):
        values = {name: values[row] for name, values in kept.values.items()}
        files.rows.append({**values, **{name: numbers[place] for name, numbers in index.items()}})
        files.rows.flush_when_full()
    files.finish(described)


def _write_frames(source: Path, camera: str, stream: FrameStream, kept: Salvage) -> None:
    has_depth = kept.has_depth.get(camera)
    for shard, group in itertools.groupby(kept.frames[camera].tolist(), lambda each: each // schema.SHARD_ROWS):
        here = list(group)
        times = kept.frame_times[camera][here].tolist()
        path = source / schema.image_array(camera) / frame_file.file_name(shard)
        depth_path = source / schema.depth_array(camera) / frame_file.file_name(shard, depth_file.NUM_AXES)
        is_whole = has_depth is None or bool(has_depth[here].all())
        if is_whole and stream.adopt(path, times, None if has_depth is None else depth_path):
            continue
        depths: list[bytes | None] = [None] * len(here)
        if has_depth is not None and has_depth[here].any():
            places = np.flatnonzero(has_depth[here]).tolist()
            found = frame_file.read_encoded(depth_path, [here[place] for place in places])
            for place, depth in zip(places, found, strict=True):
                depths[place] = depth
        for encoded, time, depth in zip(frame_file.read_encoded(path, here), times, depths, strict=True):
            stream.append_encoded(encoded, time, depth)


def _renumbered(kept: Salvage, camera: str) -> np.ndarray:
    """Which of the frames that are kept each kept row shows."""
    return np.searchsorted(kept.frames[camera], kept.frame_index[camera][kept.rows])


def _jpeg_level(source: Path, described: EpisodeAttributes) -> int:
    for camera in described.spec.cameras:
        try:
            return frame_file.jpeg_level(array_metadata.read(source, schema.image_array(camera)))
        except EpisodeError:
            continue
    return schema.JPEG_LEVEL


def _attributes(start: EpisodeAttributes, kept: Salvage, *, is_finished: bool) -> EpisodeAttributes:
    time = kept.values[schema.TIME][kept.rows]
    return dataclasses.replace(
        start,
        schema_version=schema.SCHEMA_VERSION,
        software=f"{start.software}, repaired by clam-robot {clam_robot.__version__}",
        length=len(kept.rows),
        num_frames={camera: len(frames) for camera, frames in kept.frames.items()},
        num_joint_samples=len(kept.joints),
        num_labeled=int(kept.values[schema.ACTION_LABELED][kept.rows].sum()),
        end=start.end if is_finished else "recovered",
        recording=dataclasses.replace(
            start.recording,
            duration=float(time[-1] - time[0]),
            gaps=_gaps(start, kept, time, is_finished=is_finished),
            cameras=_cameras(start.recording, kept, time),
            joints=_joints(start, kept),
        ),
        repairs=(*start.repairs, *kept.losses),
    )


def _gaps(start: EpisodeAttributes, kept: Salvage, time: np.ndarray, *, is_finished: bool) -> tuple[int, ...]:
    is_gap = np.diff(kept.rows) > 1
    if is_finished:
        was_gap = np.zeros(len(kept.values[schema.TIME]) + 1, bool)
        was_gap[list(start.recording.gaps)] = True
        is_gap |= was_gap[kept.rows[1:]]
    else:
        is_gap |= np.diff(time) > _GAP / start.spec.control_hz
    return tuple((np.flatnonzero(is_gap) + 1).tolist())


def _cameras(before: RecordingStatistics, kept: Salvage, time: np.ndarray) -> dict[str, attributes.CameraEvidence]:
    return {
        camera: camera_evidence(
            kept.frame_times[camera][frames],
            time,
            _renumbered(kept, camera),
            num_dropped=before.cameras[camera].num_dropped if camera in before.cameras else 0,
            num_frozen=before.cameras[camera].num_frozen if camera in before.cameras else 0,
            num_without_depth=(before.cameras[camera].num_without_depth if camera in before.cameras else 0)
            + (int((~kept.has_depth[camera][frames]).sum()) if camera in kept.has_depth else 0),
        )
        for camera, frames in kept.frames.items()
    }


def _joints(start: EpisodeAttributes, kept: Salvage) -> attributes.StreamEvidence | None:
    if not start.joints:
        return None
    before = start.recording.joints
    return stream_evidence(
        kept.joint_values[schema.JOINT_TIME][kept.joints], num_dropped=before.num_dropped if before else 0
    )
