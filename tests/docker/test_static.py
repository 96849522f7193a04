"""Dockerfiles and compose file, without an engine that runs them; `make check` has hadolint and the schemas."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from clam_robot.cli.dispatch import VERBS

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("Dockerfile.*"))
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LOOPS = [name for name, service in SERVICES.items() if service.get("command", [""])[0] == "run"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_have_stages_a_user_a_health_check_and_a_pinned_base(path: Path) -> None:
    text = path.read_text()
    final = text.rpartition("\nFROM ")[2]
    assert text.count("\nFROM ") == 2
    assert re.search(r"^USER 1000:1000$", final, re.MULTILINE) and "\nHEALTHCHECK " in final
    base = re.search(r"^ARG BASE=\S+:(\S+)@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert base is not None and base[1] != "latest"
    if "pip install" in text:
        assert "-c constraints.txt" in text


def test_what_an_image_is_made_of_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for path in DOCKERFILES:
        for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", path.read_text(), re.MULTILINE):
            for source in sources.split():
                assert source == "." or source in sent or source.partition("/")[0] in sent, f"{path.name}: {source}"


@pytest.mark.parametrize("name", SERVICES)
def test_services_turn_their_logs_and_tell_their_health(name: str) -> None:
    service = SERVICES[name]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert "healthcheck" in service and service["profiles"] and service["cap_drop"] == ["ALL"]
    conditions = {each["condition"] for each in service.get("depends_on", {}).values()}
    assert conditions <= {"service_healthy"}


def test_the_probe_works_with_the_python_of_the_vendors_image() -> None:
    """Ubuntu 20.04 has 3.8: neither newer syntax nor what text learned since."""
    probe = ast.parse((DOCKER / "healthy").read_text(), feature_version=(3, 8))
    asked = {node.attr for node in ast.walk(probe) if isinstance(node, ast.Attribute)}
    assert not asked & {"removeprefix", "removesuffix"}


def test_the_vendors_packages_are_not_left_out_of_their_build() -> None:
    text = (DOCKER / "Dockerfile.xs_sdk").read_text()
    left_in = re.search(r"rm -f ((?:\S+/CATKIN_IGNORE ?)+)", text)
    assert left_in is not None and {"core/interbotix_ros_xseries", "manipulators/interbotix_ros_xsarms"} == {
        word.rpartition("/")[0] for word in left_in[1].split()
    }
    assert text.index(left_in[0]) < text.index("catkin_make")


def test_there_are_loops() -> None:
    assert sorted(LOOPS) == ["loop", "sim-loop", "vendor-loop"]


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_that_is_started_again_waits_for_a_person_whose_key_is_a_file(name: str) -> None:
    command = SERVICES[name]["command"]
    assert SERVICES[name]["restart"] == "unless-stopped" and "--wait-for-person" in command
    assert command[command.index("--page-key") + 1] == "/run/secrets/page_key"
    assert "page_key" in SERVICES[name]["secrets"] and "file" in COMPOSE["secrets"]["page_key"]


def test_of_simulation_only_its_page_is_seen() -> None:
    of_sim = [service for service in SERVICES.values() if "sim" in service["profiles"]]
    assert [service["ports"] for service in of_sim if "ports" in service] == [["127.0.0.1:8080:8080"]]


@pytest.mark.parametrize("name", ["arm", "vendor-arm", "loop", "vendor-loop"])
def test_what_moves_the_arm_may_ask_for_real_time(name: str) -> None:
    service = SERVICES[name]
    assert service["ulimits"] == {"rtprio": 50, "memlock": -1} and service["network_mode"] == "host"


def test_every_command_is_one_of_clam() -> None:
    ours = [
        service["command"][0] for service in SERVICES.values() if "command" in service and "entrypoint" not in service
    ]
    assert set(ours) <= set(VERBS)
