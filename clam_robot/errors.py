"""Every error a user of clam-robot can meet.

    ClamRobotError
    ├── ConfigError            a configuration file or flag does not fit its type
    ├── MissingDependency      a package or system library that this command needs is not installed
    ├── SpecError              a value does not fit a spec
    │   ├── InvalidSpec        the spec itself contradicts itself
    │   ├── InvalidVector      wrong shape, not finite, or out of bounds
    │   ├── InvalidImage       missing camera, wrong shape or dtype
    │   └── SpecMismatch       two specs that must fit do not (checkpoint and robot, data and robot)
    ├── RobotError
    │   ├── NotConnected       used before connect() or after disconnect()
    │   ├── StaleObservation   the newest observation is too old to act on
    │   ├── UnknownRobot       no robot, task or camera of this name
    │   ├── ArmStopped         the software stop is latched
    │   ├── SelfTestFailed     the arm is not the one the software knows
    │   ├── DriverError        servos, their bus or their node do not do what they must
    │   │   ├── PortUnavailable  the servos' port is missing, taken, or was unplugged
    │   │   ├── ServoSilent      a servo does not answer
    │   │   ├── ServoRefused     a servo is another one than expected, or does not keep what is written to it
    │   │   └── NodeUnavailable  no ROS master, or no node that serves the arm, or two of them
    │   ├── CameraError        a camera does not send what it must
    │   │   ├── CameraUnavailable  a camera is missing, taken, of another kind, or was unplugged
    │   │   └── CameraSilent     a camera is there but sent nothing in time
    │   └── SimulationDiverged the physics left the finite numbers
    ├── TeleopError
    │   ├── DeviceUnavailable  a teleoperation device is missing, not permitted, or of an unknown kind
    │   └── PoseMismatch       leader and follower stand differently
    ├── PolicyError
    │   ├── PolicyUnavailable  the policy cannot be reached or went silent
    │   ├── PolicyRefused      the policy answered with an error of its own
    │   └── EngineUnavailable  a policy cannot be computed in the way that was asked for
    ├── EpisodeError
    │   ├── UnknownSchema      written by a version this one does not read
    │   ├── DamagedEpisode     a chunk, array or attribute is missing or unreadable
    │   ├── EpisodeExists      a name that is already taken
    │   ├── FolderInUse        another program records into a folder, mends it, or trains in it
    │   ├── NoEpisodes         nothing to read where a data set was expected
    │   ├── StoreUnavailable   a data set's URL cannot be reached, or does not let this user in
    │   └── ExchangeError      data in another program's format cannot be read, or these cannot be written in it
    ├── TrainingError
    │   ├── NoLabels           grounding needs action labels and the data has none
    │   └── TrainingDiverged   the loss left the finite numbers
    ├── CalibrationError       what was seen does not give a calibration, or one does not fit; says what is wrong
    ├── CheckpointError        a checkpoint is missing, incomplete or of another kind
    └── ServerError
        └── PortInUse          another process listens on the address

Messages say what was expected, what was found and what to do; the values are kept as attributes where code may want
them. `clam` prints the message of a `ClamRobotError` as one line and exits with code 2; any other exception is a bug.
"""


class ClamRobotError(Exception):
    """Root of every error that names a cause a user can act on."""


class ConfigError(ClamRobotError, ValueError):
    """A configuration file or flag does not fit its type."""


class MissingDependency(ClamRobotError, ImportError):
    """A package or system library that this command needs is not installed."""


class SpecError(ClamRobotError, ValueError):
    """A value does not fit a spec."""


class InvalidSpec(SpecError):
    """A spec contradicts itself, for example fewer bounds than names."""


class InvalidVector(SpecError):
    """A vector has the wrong shape, is not finite, or is out of bounds.

    Attributes:
        index: first offending entry, or None when the shape is wrong.
    """

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class InvalidImage(SpecError):
    """A camera image is missing or has the wrong shape or dtype."""


class SpecMismatch(SpecError):
    """Two specs that must fit do not.

    Attributes:
        differences: one line per entry that differs.
    """

    def __init__(self, message: str, differences: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.differences = differences


class RobotError(ClamRobotError):
    """A robot, real or simulated, cannot do what was asked."""


class NotConnected(RobotError):
    """The robot was used before connect() or after disconnect()."""


class StaleObservation(RobotError, TimeoutError):
    """The newest observation is too old to act on."""


class UnknownRobot(RobotError, LookupError):
    """No robot, task or camera of this name."""


class ArmStopped(RobotError):
    """The software stop is latched; a person has to clear it."""


class SelfTestFailed(RobotError):
    """The arm is not the one the software knows, or does not move as its kinematics say."""


class DriverError(RobotError):
    """Servos, their bus or their node do not do what they must."""


class PortUnavailable(DriverError):
    """The servos' port is missing, taken by another process, or was unplugged."""


class ServoSilent(DriverError):
    """A servo does not answer."""


class ServoRefused(DriverError):
    """A servo is another one than expected, or does not keep what is written to it."""


class NodeUnavailable(DriverError):
    """No ROS master, no node that serves the arm, or two that do."""


class CameraError(RobotError):
    """A camera does not send what it must."""


class CameraUnavailable(CameraError):
    """A camera is missing, taken by another program, cannot do what is asked of it, or was unplugged."""


class CameraSilent(CameraError, TimeoutError):
    """A camera is there but sent nothing in time."""


class SimulationDiverged(RobotError, ArithmeticError):
    """The physics left the finite numbers."""


class TeleopError(ClamRobotError):
    """A person cannot drive the robot."""


class DeviceUnavailable(TeleopError, OSError):
    """A teleoperation device is missing, not permitted, or of an unknown kind."""


class PoseMismatch(TeleopError):
    """Leader and follower stand too differently to begin.

    Attributes:
        joints: names of those that differ.
    """

    def __init__(self, message: str, joints: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.joints = joints


class PolicyError(ClamRobotError):
    """A policy cannot answer."""


class PolicyUnavailable(PolicyError, ConnectionError):
    """The policy cannot be reached or went silent."""


class PolicyRefused(PolicyError):
    """The policy answered with an error of its own."""


class EngineUnavailable(PolicyError):
    """A policy cannot be computed in the way that was asked for."""


class EpisodeError(ClamRobotError):
    """A stored episode or data set cannot be used."""


class UnknownSchema(EpisodeError):
    """An episode was written by a version this one does not read."""


class DamagedEpisode(EpisodeError):
    """A chunk, array or attribute of an episode is missing or unreadable."""


class EpisodeExists(EpisodeError, FileExistsError):
    """An episode or data set of this name is already there."""


class FolderInUse(EpisodeError, BlockingIOError):
    """Another program records into the folder of a data set, mends it, or trains in a folder."""


class NoEpisodes(EpisodeError, FileNotFoundError):
    """Nothing to read where a data set was expected."""


class StoreUnavailable(EpisodeError, ConnectionError):
    """A data set's URL cannot be reached, its bucket is missing, or it does not let this user in."""


class ExchangeError(EpisodeError, ValueError):
    """Data in another program's format cannot be read, or episodes cannot be written in it."""


class TrainingError(ClamRobotError):
    """Training cannot start or go on."""


class NoLabels(TrainingError):
    """Grounding needs action labels and the data has none."""


class TrainingDiverged(TrainingError, ArithmeticError):
    """The loss left the finite numbers."""


class CalibrationError(ClamRobotError):
    """What was seen does not give a calibration, or a calibration does not fit what it is used with."""


class CheckpointError(ClamRobotError):
    """A checkpoint is missing, incomplete or of another kind."""


class ServerError(ClamRobotError):
    """The policy server cannot start or go on."""


class PortInUse(ServerError, OSError):
    """Another process listens on the address."""
