"""What a state file that is damaged still tells: processes to be ended by hand."""

import re
import shlex
from pathlib import Path

from clam_robot.deployment.process_id import ProcessId

_NAME_OR_PROCESS = re.compile(
    r'"(?P<name>\w+)":\s*\{|"pid":\s*(?P<pid>[1-9]\d{0,6}),\s*"start":\s*(?P<start>\d{1,18}),\s*"boot":\s*"(?P<boot>[^"]*)"'
)
_PARTS = {"programs", "process"}


def what_to_do(path: Path) -> str:
    """Which processes a file names that are left, and the commands that end them and let `clam up` begin anew."""
    try:
        named = named_processes(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return "make it readable, or move it away"
    remove = f"rm {shlex.quote(str(path))}"
    if not named:
        look = "pgrep -af 'clam_robot|rosmaster'"
        return f"it names no process; see whether any is left with: {look}, end it, then: {remove}"
    left = {name: process.pid for name, process in named.items() if process.is_left()}
    if not left:
        return f"none of the processes it names is left ({', '.join(named)}); mend it with: {remove}"
    names = ", ".join(f"{name} {pid}" for name, pid in left.items())
    groups = " ".join(f"-{pid}" for pid in left.values())
    return f"of the processes it names these are left: {names}; end them with: kill -- {groups}, then: {remove}"


def named_processes(text: str) -> dict[str, ProcessId]:
    """Processes whose lines are whole, by name; who starts the others first, then the last started."""
    found: dict[str, ProcessId] = {}
    name = ""
    for match in _NAME_OR_PROCESS.finditer(text):
        if match["pid"] is not None:
            found[name] = ProcessId(pid=int(match["pid"]), start=int(match["start"]), boot=match["boot"])
        elif match["name"] not in _PARTS:
            name = match["name"]
    keeper = {"keeper": found.pop("keeper")} if "keeper" in found else {}
    return keeper | dict(reversed(found.items()))
