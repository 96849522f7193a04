"""The models a server has, by name, and their exchange while it runs."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from clam_robot.errors import ClamRobotError, ServerError
from policy_server.config import ServerConfig
from policy_server.probe import probe
from policy_server.refusals import Refused
from policy_server.served_model import ModelSource, ServedModel

logger = logging.getLogger(__name__)

Loader = Callable[[Path], ModelSource]


class Models:
    """Every model has answered a blank observation before anyone can ask it.

    Args:
        sources: by name; the first is the one that clients get who name none.
        config: limits that clients are told, and the folder that checkpoints are loaded from.
        load: reads a checkpoint; None where none can be loaded.

    Raises:
        ServerError: a policy cannot answer, or there is none.
    """

    def __init__(self, sources: Mapping[str, ModelSource], config: ServerConfig, load: Loader | None = None) -> None:
        if not sources:
            raise ServerError("expected at least one model to serve, found none")
        self._config = config
        self._load = load
        self._loading = asyncio.Lock()
        self._models = {name: self._ready(name, source) for name, source in sources.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The default model first."""
        return tuple(self._models)

    def get(self, name: str | None = None) -> ServedModel:
        """The present version of a model.

        Raises:
            Refused: there is none of this name.
        """
        name = self.names[0] if name is None else name
        if name not in self._models:
            raise Refused("not_found", f"model: expected one of {', '.join(self.names)}, found {name[:60]!r}")
        return self._models[name]

    async def replace(self, name: str | None, checkpoint: str) -> ServedModel:
        """Serve another checkpoint under a name, from each client's next episode on; on any failure the old one stays.

        Args:
            name: of the model; None for the default one.
            checkpoint: its folder below the allowed one.

        Raises:
            Refused: no such model or checkpoint, it cannot answer, or it is for another robot.
        """
        old = self.get(name)
        folder, load = self._allowed(checkpoint), self._load
        if load is None:
            raise Refused("forbidden", "this server was started without a way to load checkpoints")
        async with self._loading:  # one after the other: two models in the making may not fit in memory
            new = await asyncio.to_thread(self._loaded, old, folder, load)
            self._models[old.name] = new
        logger.info("model %s: now checkpoint %s", new.name, new.info.checkpoint)
        return new

    def _loaded(self, old: ServedModel, folder: Path, load: Loader) -> ServedModel:
        try:
            new = self._ready(old.name, load(folder))
        except ClamRobotError as error:
            # Its words may hold paths: what is told is relative to the folder that the client knows.
            words = str(error).replace(str(folder), folder.name)
            raise Refused("invalid_request", f"checkpoint: {words}; the old one is still served") from error
        robot, found = old.info.robot, new.info.robot
        if found != robot:  # clients that come back expect the robot of before
            differences = found.differences(robot) or robot.differences(found) or (f"it is for {found.name}",)
            raise Refused(
                "invalid_request",
                f"checkpoint: expected one for {robot.name}, found {'; '.join(differences)}; "
                "the old one is still served",
            )
        return new

    def _allowed(self, checkpoint: str) -> Path:
        root = self._config.checkpoints
        if root is None:
            raise Refused("forbidden", "this server loads no checkpoints; start it with --checkpoints FOLDER")
        root = root.resolve()
        with suppress(OSError, ValueError):  # a name that no file system has
            folder = (root / checkpoint).resolve()
            if folder.is_relative_to(root) and folder != root and folder.is_dir():
                return folder
        raise Refused("not_found", "checkpoint: expected a folder below the server's --checkpoints, found none there")

    def _ready(self, name: str, source: ModelSource) -> ServedModel:
        info = probe(source, self._config, model=name)
        return ServedModel(name=name, group=source.group, info=info)
