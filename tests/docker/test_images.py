"""The images are built, and the sim profile of the compose file runs from what was built, with no engine.

Each service runs with buildah's chroot isolation, which has no network of its own: all are on this machine's loopback.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from clam_robot.deployment.keeper import Keeper
from clam_robot.deployment.process_id import ProcessId
from clam_robot.deployment.program import Program
from clam_robot.deployment.state import read_state
from clam_robot.timing import MonotonicClock
from tests.programs import wait_for

pytestmark = [pytest.mark.images, pytest.mark.slow, pytest.mark.timeout(7200)]

DOCKER = Path(__file__).parents[2] / "docker"
FOLDER = Path(os.environ.get("FOLDER", "/var/tmp/clam-images"))
BUILDAH = ("buildah", "--root", str(FOLDER / "store"), "--runroot", str(FOLDER / "run"), "--storage-driver", "vfs")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
PATIENCE = 600.0  # [s]
KEY = "a person's key"


def buildah(*words: str) -> str:
    ended = subprocess.run([*BUILDAH, *words], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.fixture(scope="module")
def containers() -> Iterator[dict[str, str]]:
    """A working container of each image, by the image's name in the compose file."""
    subprocess.run([DOCKER / "build-images", "robot", "server"], check=True, env=os.environ | {"FOLDER": str(FOLDER)})
    made = {f"clam-{name}:local": buildah("from", "--pull-never", f"clam-{name}") for name in ("robot", "server")}
    yield made
    for container in made.values():
        buildah("rm", container)


def words_in(container: str, *words: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    isolation = ("--isolation", "chroot", "--network", "host", "--user", "1000:1000")
    return (*BUILDAH, "run", *isolation, *options, container, "--", *words)


def program(name: str, containers: dict[str, str], key: Path) -> Program:
    """A service as the compose file has it, but that its page is on loopback."""
    service = SERVICES[name]
    command = [word.replace("0.0.0.0", "127.0.0.1") for word in service["command"]]
    options = [f"--env={name}={value}" for name, value in service.get("environment", {}).items()]
    if "secrets" in service:
        options.append(f"--volume={key}:/run/secrets/page_key:ro")
    words = (*service.get("entrypoint", ["clam"]), *command)
    probe = service["healthcheck"]["test"][1:]
    asked = [sys.executable, str(DOCKER / "healthy"), *probe[1:]] if probe[0] == "healthy" else probe
    return Program(
        name=name,
        command=words_in(containers[service["image"]], *words, options=tuple(options)),
        environ={},
        is_ready=lambda: subprocess.run(asked, capture_output=True, check=False).returncode == 0,
        address="",
        needs=tuple(service.get("depends_on", {})),
        start_timeout=PATIENCE,
    )


def test_the_robot_has_no_torch_and_the_server_no_ros(containers: dict[str, str]) -> None:
    look = "import importlib.util; print(*(importlib.util.find_spec(name) is not None for name in ('torch', 'rospy')))"
    found = {
        image: subprocess.run(words_in(container, "python", "-c", look), capture_output=True, text=True, check=True)
        for image, container in containers.items()
    }
    assert found["clam-robot:local"].stdout.split() == ["False", "True"]
    assert found["clam-server:local"].stdout.split() == ["True", "False"]


def test_the_sim_profile_solves_its_task_from_the_built_images(containers: dict[str, str], tmp_path: Path) -> None:
    key = tmp_path / "page.key"
    key.write_text(KEY)
    names = [name for name, service in SERVICES.items() if "sim" in service["profiles"]]
    programs = [program(name, containers, key) for name in names]
    keeper = Keeper(programs, tmp_path, MonotonicClock(), ProcessId.of(os.getpid()))
    thread = threading.Thread(target=keeper.run)
    thread.start()
    try:
        wait_for(lambda: (state := read_state(tmp_path)) is not None and state.is_ready, "all services", PATIENCE)
        with httpx2.Client(base_url="http://127.0.0.1:8080", timeout=30.0) as page:

            def is_solved() -> bool:
                arm = page.get("/v1/arm").json()
                if arm["stopped"] and re.search(r"success .*\([1-9]\d*/\d+\)", arm["detail"]):
                    return True
                if arm["stopped"]:
                    page.post("/v1/arm/clear", headers={"X-Page-Key": KEY})
                return False

            wait_for(is_solved, "a block that was lifted", PATIENCE)
    finally:
        keeper.stop()
        thread.join()
        for log in sorted(tmp_path.glob("*.log")):
            print(f"{log.name}: {log.read_text()[-2000:]}")
