"""Episodes on disk: written while they happen, read lazily, never half finished."""

from clam_robot.episodes.attributes import EpisodeAttributes, RecordingStatistics
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.health import RecordingHealth
from clam_robot.episodes.joint_samples import JointSamples
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.recorder import Recorder
from clam_robot.episodes.repair import Repair, repair
from clam_robot.episodes.schema import SCHEMA_VERSION
from clam_robot.episodes.summary import DatasetSummary, summarize
from clam_robot.episodes.windows import WindowBatch, WindowDataset
from clam_robot.episodes.writer import EpisodeWriter

__all__ = [
    "SCHEMA_VERSION",
    "DatasetSummary",
    "Episode",
    "EpisodeAttributes",
    "EpisodeDataset",
    "EpisodeWriter",
    "JointSamples",
    "Recorder",
    "RecordingHealth",
    "RecordingStatistics",
    "Repair",
    "WindowBatch",
    "WindowDataset",
    "repair",
    "summarize",
]
