"""Counts what an episode's attributes say of its records, while they pass."""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from clam_robot.episodes import schema
from clam_robot.episodes.attributes import RecordingStatistics
from clam_robot.episodes.evidence import camera_evidence, stream_evidence
from clam_robot.episodes.records import FrameRecord, JointRecord, Record, Row
from clam_robot.types import EpisodeOutcome


class Tally:
    """Running counts over records; keeps the times, eight bytes for each.

    Attributes:
        num_labeled: rows whose action may be used as a label.
    """

    def __init__(self, cameras: Iterable[str]) -> None:
        self.num_labeled = 0
        self._gaps: list[int] = []
        self._limits: Counter[str] = Counter()
        self._row_times, self._joint_times = array("d"), array("d")
        self._frame_times = {camera: array("d") for camera in cameras}
        self._frame_index = {camera: array("q") for camera in self._frame_times}

    def add(self, record: Record) -> None:
        """Count a record."""
        match record:
            case FrameRecord():
                self._frame_times[record.camera].append(record.time)
            case JointRecord():
                self._joint_times.append(float(record.values[schema.JOINT_TIME]))
            case Row():
                self._add_row(record)

    def _add_row(self, row: Row) -> None:
        if row.num_dropped:
            self._gaps.append(self.length)
        self._row_times.append(float(row.values[schema.TIME]))
        self._limits.update(row.limits)
        self.num_labeled += bool(row.values[schema.ACTION_LABELED])
        for camera, index in self._frame_index.items():
            index.append(int(row.values[schema.frame_index_array(camera)]))

    @property
    def length(self) -> int:
        """Rows so far."""
        return len(self._row_times)

    @property
    def num_frames(self) -> dict[str, int]:
        """Frames so far, by camera."""
        return {camera: len(times) for camera, times in self._frame_times.items()}

    @property
    def num_joint_samples(self) -> int:
        """Joint samples so far."""
        return len(self._joint_times)

    def statistics(
        self,
        outcome: EpisodeOutcome,
        *,
        num_dropped: Mapping[str, int],
        num_frozen: Mapping[str, int],
        num_without_depth: Mapping[str, int],
        has_joints: bool,
    ) -> RecordingStatistics:
        """What was counted, beside what the loop counted.

        Args:
            outcome: of the episode.
            num_dropped: records that were refused, by stream: "rows", "joints" and the names of the cameras' arrays.
            num_frozen: frames equal to the one before, by camera.
            num_without_depth: frames that came without the depth that is stored, by camera.
            has_joints: whether joint samples were to come.
        """
        p50, p95 = np.percentile(outcome.infer_ms, (50, 95)).tolist() if outcome.infer_ms else (None, None)
        row_times = np.array(self._row_times)
        cameras = {
            camera: camera_evidence(
                np.array(times),
                row_times,
                np.array(self._frame_index[camera], np.int64),
                num_dropped=num_dropped[schema.image_array(camera)],
                num_frozen=num_frozen[camera],
                num_without_depth=num_without_depth[camera],
            )
            for camera, times in self._frame_times.items()
        }
        joints = stream_evidence(np.array(self._joint_times), num_dropped=num_dropped[schema.JOINTS])
        return RecordingStatistics(
            achieved_hz=outcome.achieved_hz if math.isfinite(outcome.achieved_hz) else None,
            duration=float(row_times[-1] - row_times[0]) if self.length else 0.0,
            num_overruns=outcome.num_overruns,
            num_limited=outcome.num_limited,
            num_held=outcome.num_held,
            num_dropped=num_dropped[schema.ROWS],
            gaps=tuple(self._gaps),
            limits=dict(self._limits),
            cameras=cameras,
            joints=joints if has_joints else None,
            infer_ms_p50=p50,
            infer_ms_p95=p95,
        )
