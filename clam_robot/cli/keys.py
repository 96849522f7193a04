"""`clam keys`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.table import Table

from clam_robot.cli.console import console
from clam_robot.errors import ConfigError
from policy_server.api_keys import ApiKeys, Scope


@dataclass(frozen=True, kw_only=True)
class Command:
    """Say who may use a policy server: add a key, list them, or remove one.

    A key is shown once, when it is made; the file keeps its digest. Give the file to `clam serve --keys`, the key to
    clients in the environment, CLAM_API_KEY, or in a file of their own, CLAM_API_KEY_FILE. A running server reads the
    file when it starts.

    Attributes:
        action: what to do.
        name: whose key it is, such as the robot's name.
        scopes: what a new key is for: infer to ask for actions, admin to exchange checkpoints.
        file: of the keys.
    """

    action: tyro.conf.Positional[Literal["add", "list", "remove"]]
    name: tyro.conf.Positional[str] = ""
    scopes: tuple[Scope, ...] = ("infer",)
    file: Path = Path("keys.json")

    def run(self) -> None:
        """Do it, and say what was done."""
        if self.action == "list":
            console.print(_table(ApiKeys.read(self.file)))
            return
        if not self.name:
            raise ConfigError(f"name: expected whose key to {self.action}, as in `clam keys {self.action} robot-1`")
        if self.action == "remove":
            ApiKeys.read(self.file).without(self.name).write(self.file)
            console.print(f"removed {self.name} from {self.file}; a running server forgets it when it is started anew")
            return
        keys = ApiKeys.read(self.file) if self.file.exists() else ApiKeys()
        keys, secret = keys.with_new(self.name, self.scopes)
        keys.write(self.file)
        console.print(f"added {self.name} to {self.file}; its key, shown this once:")
        console.print(secret, soft_wrap=True, highlight=False)


def _table(keys: ApiKeys) -> Table:
    table = Table("name", "scopes", "made")
    for key in keys.keys:
        table.add_row(key.name, ", ".join(key.scopes), key.created)
    return table
