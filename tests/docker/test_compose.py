"""What the compose file comes to once compose has resolved it: who runs with which profile, and with what rights."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCKER = Path(__file__).parents[2] / "docker"
PROFILES = {
    "sim": {"sim-net", "sim-master", "sim-arm", "sim-server", "sim-loop"},
    "real": {"master", "arm", "server", "loop"},
    "vendor": {"master", "vendor-arm", "server", "vendor-loop"},
    "train": {"train"},
}
# Verbs of clam that move an arm.
MOVING = {"run", "teleop", "record", "replay", "calibrate", "demo"}
ADAPTER = "/dev/ttyDXL"
CHOSEN = {
    "SERVER": "wss://gpu-box:8000",
    "EPISODES": "5",
    "CHECKPOINT": "today",
    "ROS_IP": "10.0.0.2",
    "API_KEY": "/etc/api.key",
    "CAMERAS": "/etc/cameras.toml",
    "PAGE_KEY": "/etc/page.key",
}

pytestmark = pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="docker-compose is not installed (apt-get install docker-compose)"
)


@cache
def resolved(*more_files: str, **environment: str) -> dict[str, Any]:
    """The whole file."""
    files = [word for name in ("compose.yaml", *more_files) for word in ("-f", str(DOCKER / name))]
    told = subprocess.run(
        ["docker-compose", *files, *(f"--profile={profile}" for profile in PROFILES), "config"],
        capture_output=True,
        text=True,
        timeout=300.0,
        check=False,
        env={name: value for name, value in os.environ.items() if name == "PATH"} | environment,
    )
    assert told.returncode == 0, told.stderr
    return yaml.safe_load(told.stdout)


def services_of(profile: str, *more_files: str, **environment: str) -> dict[str, dict[str, Any]]:
    services = resolved(*more_files, **environment)["services"]
    return {name: each for name, each in services.items() if profile in each["profiles"]}


def option(service: dict[str, Any], name: str) -> str:
    words = service["command"]
    return words[words.index(name) + 1]


def test_every_profile_is_checked() -> None:
    services = resolved()["services"].values()
    assert {profile for service in services for profile in service["profiles"]} == set(PROFILES)
    assert f"for profile in {' '.join(PROFILES)};" in (DOCKER / "check-compose").read_text()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_runs_these_and_whoever_they_need(profile: str) -> None:
    services = services_of(profile)
    assert set(services) == PROFILES[profile]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        mode = service.get("network_mode", "")
        assert not mode.startswith("service:") or mode.removeprefix("service:") in services


@pytest.mark.parametrize("profile", PROFILES)
def test_nobody_who_moves_an_arm_is_restarted_but_to_wait_for_a_person(profile: str) -> None:
    for name, service in services_of(profile).items():
        words = service.get("command", [])
        if "entrypoint" not in service and words and words[0] in MOVING:
            assert service["restart"] == "no" or "--wait-for-person" in words, name


@pytest.mark.parametrize("profile", ["sim", "real", "vendor"])
def test_the_loop_is_started_when_all_others_are_healthy(profile: str) -> None:
    services = services_of(profile)
    (loop,) = (name for name, service in services.items() if service.get("command", [""])[0] == "run")
    assert {each["condition"] for each in services[loop]["depends_on"].values()} == {"service_healthy"}
    others: set[str] = set()
    asked = [loop]
    while asked:
        needs = services[asked.pop()].get("depends_on", {})
        others |= set(needs)
        asked.extend(needs)
    assert others == set(services) - {loop}


@pytest.mark.parametrize("profile", PROFILES)
def test_nobody_is_root_in_disguise(profile: str) -> None:
    for name, service in services_of(profile).items():
        assert service["cap_drop"] == ["ALL"] and service["read_only"] is True, name
        assert "cap_add" not in service and "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_the_servos_adapter_is_for_the_node_alone_and_cameras_for_the_loop() -> None:
    for profile, arm, loop in (("real", "arm", "loop"), ("vendor", "vendor-arm", "vendor-loop")):
        services = services_of(profile)
        having = {name: service["devices"] for name, service in services.items() if "devices" in service}
        assert having == {arm: [f"{ADAPTER}:{ADAPTER}"]}
        assert "/dev/bus/usb:/dev/bus/usb:rw" in services[loop]["volumes"]
        assert any(rule.startswith("c 189:") for rule in services[loop]["device_cgroup_rules"])
    assert not any("devices" in service for service in services_of("sim").values())


def test_keys_are_files_for_the_loop_alone() -> None:
    assert resolved()["secrets"] == {"page_key": {"file": str(DOCKER / "page.key")}, "api_key": {"file": "/dev/null"}}
    services = resolved()["services"]
    having = {
        name: {each if isinstance(each, str) else each["source"] for each in service.get("secrets", [])}
        for name, service in services.items()
    }
    having = {name: secrets for name, secrets in having.items() if secrets}
    assert having == {"loop": {"page_key", "api_key"}, "vendor-loop": {"page_key", "api_key"}, "sim-loop": {"page_key"}}
    assert services["loop"]["environment"]["CLAM_API_KEY_FILE"] == "/run/secrets/api_key"


@pytest.mark.parametrize("name", ["data", "checkpoints"])
def test_a_volume_has_the_name_that_backups_know(name: str) -> None:
    volume = resolved()["volumes"][name]["name"]
    assert volume == f"clam-{name}" and volume in (DOCKER / "README.md").read_text()


def test_what_a_person_sets_arrives() -> None:
    plain = services_of("real")
    assert option(plain["loop"], "--server") == "ws://127.0.0.1:8000" and option(plain["loop"], "--episodes") == "1"
    assert option(plain["server"], "--checkpoint") == "/checkpoints/current"
    chosen = services_of("real", **CHOSEN)
    assert resolved(**CHOSEN)["secrets"]["page_key"]["file"] == CHOSEN["PAGE_KEY"]
    assert option(chosen["loop"], "--server") == "wss://gpu-box:8000" and option(chosen["loop"], "--episodes") == "5"
    assert option(chosen["server"], "--checkpoint") == "/checkpoints/today"
    assert {chosen[name]["environment"]["ROS_IP"] for name in ("master", "arm", "loop")} == {"10.0.0.2"}
    assert resolved(**CHOSEN)["secrets"]["api_key"]["file"] == CHOSEN["API_KEY"]
    assert "/etc/cameras.toml:/etc/clam/cameras.toml:ro" in chosen["loop"]["volumes"]


def test_the_gpu_file_gives_the_gpu_to_server_and_training_alone() -> None:
    for profile, expected in (("real", {"server"}), ("vendor", {"server"}), ("train", {"train"}), ("sim", set())):
        having = {name for name, each in services_of(profile, "compose.gpu.yaml").items() if "deploy" in each}
        assert having == expected
