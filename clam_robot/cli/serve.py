"""`clam serve`."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import tyro

from clam_robot import config
from clam_robot.cli.arguments import require_positive
from clam_robot.cli.console import console, error_console
from clam_robot.errors import ConfigError
from clam_robot.models.engines.names import EngineName
from policy_server.config import ServerConfig
from policy_server.served_model import ModelSource, OneByOne

DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class Command:
    """Serve checkpoints over the network, to as many robots as come.

    WebSocket at `/` (the openpi policy protocol) and `/v1/stream`, HTTP at `/v1/act`, figures at `/metrics`, and a page
    of it all at `/docs`, on one port. Ctrl-C stops it.

    Attributes:
        checkpoint: folder written by `clam train`: the model that clients get who name none.
        scripted: a simulated WidowX whose scripted expert is served instead, such as widowx-twin:reach-block.
        models: further ones, NAME=FOLDER each, that clients ask for by name.
        engine: computes a model's pass: torch operation by operation (eager), ONNX Runtime (onnx), machine code that
            takes a minute to make (compile), or the one found fastest when a model is loaded (auto).
        threads: CPU threads of a model.
        replicas: copies of the server, each in a process of a Ray cluster; 1 does without.
        server: address and limits.
    """

    checkpoint: Path | None = None
    scripted: str | None = None
    models: tuple[str, ...] = ()
    engine: EngineName = "auto"
    threads: int = 1
    replicas: int = 1
    server: Annotated[ServerConfig, tyro.conf.arg(name="")] = field(default_factory=ServerConfig)

    def run(self) -> None:
        """Serve until interrupted."""
        from policy_server.listener import listen

        require_positive(replicas=self.replicas, threads=self.threads)
        if self.scripted is not None:
            self._serve_scripted(self.scripted)
            return
        if self.checkpoint is None:
            raise ConfigError("give --checkpoint (a folder written by `clam train`) or --scripted (widowx-twin:TASK)")
        folders = {DEFAULT: self.checkpoint} | dict(_named(word) for word in self.models)
        with listen(self.server) as listener:  # a busy port is an error before torch is loaded
            if self.replicas == 1:
                self._serve(folders, listener)
                return
        self._serve_replicas(folders)

    def _serve(self, folders: Mapping[str, Path], listener: socket.socket) -> None:
        from policy_server.serve import serve

        app, sources = _application(folders, self.server, self.engine, self.threads)
        serve(app, self.server, listener=listener, on_ready=lambda url: _tell(url, sources))
        console.print("server stopped")

    def _serve_scripted(self, name: str) -> None:
        from policy_server.app import create_app
        from policy_server.serve import serve
        from sim.scripted_policy import scripted_policy

        if self.checkpoint is not None or self.models or self.replicas != 1:
            raise ConfigError("--scripted: expected it alone, found --checkpoint, --models or --replicas beside it")
        sources = {DEFAULT: ModelSource(policy="scripted", group=OneByOne(lambda: scripted_policy(name)))}
        serve(create_app(sources, self.server), self.server, on_ready=lambda url: _tell(url, sources))
        console.print("server stopped")

    def _serve_replicas(self, folders: Mapping[str, Path]) -> None:
        from policy_server.replicas import Replicas

        server, engine, threads = self.server, self.engine, self.threads
        absolute = {name: folder.resolve() for name, folder in folders.items()}
        with Replicas(lambda: _application(absolute, server, engine, threads)[0], server, self.replicas) as replicas:
            console.print(f"serving {self.replicas} replicas on {replicas.url}", soft_wrap=True)
            replicas.wait()
        console.print("server stopped")


def _application(
    folders: Mapping[str, Path], server: ServerConfig, engine: EngineName, threads: int
) -> tuple[Any, dict[str, ModelSource]]:
    from policy_server.app import create_app

    load = partial(_source, engine=engine, threads=threads)
    for name, folder in folders.items():
        if error_console.is_terminal:
            error_console.print(f"loading {folder} as {name}", soft_wrap=True, highlight=False)
    sources = {name: load(folder) for name, folder in folders.items()}
    return create_app(sources, server, load=load), sources


def _named(word: str) -> tuple[str, Path]:
    name, equals, folder = word.partition("=")
    if not (name and equals and folder) or name == DEFAULT:
        raise ConfigError(f"models: expected NAME=FOLDER with a name other than {DEFAULT}, found {word!r}")
    return name, Path(folder)


def _source(folder: Path, engine: EngineName, threads: int) -> ModelSource:
    from clam_robot.models.checkpoint import checkpoint_id, group_of, load_checkpoint

    actor, header = load_checkpoint(folder)
    summary = config.to_dict(header.training)
    # Where data sets lie is nobody's business beyond this machine; what they are called is.
    summary |= {key: Path(summary[key]).name for key in ("play", "demonstrations") if summary[key] is not None}
    return ModelSource(
        policy=header.method,
        group=group_of(actor, header, engine=engine, threads=threads),
        checkpoint=checkpoint_id(folder),
        summary=summary,
    )


def _tell(url: str, sources: Mapping[str, ModelSource]) -> None:
    for name, source in sources.items():
        as_name = "" if name == DEFAULT else f" as {name}"
        robot = source.group.spec.name
        console.print(f"serving {source.policy} for {robot} on {url}{as_name}", soft_wrap=True)
