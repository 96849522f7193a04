"""`clam serve`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from clam_robot import config
from clam_robot.cli.console import console
from policy_server.config import ServerConfig


@dataclass(frozen=True, kw_only=True)
class Command:
    """Serve a checkpoint over the network.

    WebSocket at `/` (the openpi policy protocol), `GET /healthz` and `GET /spec` on the same port. Ctrl-C stops it.

    Attributes:
        checkpoint: folder written by `clam train`.
        threads: CPU threads of the model.
        server: address and limits.
    """

    checkpoint: Path
    threads: int = 1
    server: Annotated[ServerConfig, tyro.conf.arg(name="")] = field(default_factory=ServerConfig)

    def run(self) -> None:
        """Serve until interrupted."""
        from policy_server.listener import listen

        with listen(self.server) as listener:  # a busy port is an error before torch is loaded
            import torch

            from clam_robot.models.checkpoint import load_checkpoint, policy_of
            from policy_server.app import create_app
            from policy_server.serve import serve

            torch.set_num_threads(self.threads)
            actor, header = load_checkpoint(self.checkpoint)
            app = create_app(
                lambda: policy_of(actor, header),
                self.server,
                name=header.method,
                summary=config.to_dict(header.training),
            )
            serve(
                app,
                self.server,
                listener=listener,
                on_ready=lambda url: console.print(
                    f"serving {header.method} for {header.spec.name} on {url}", soft_wrap=True
                ),
            )
        console.print("server stopped")
