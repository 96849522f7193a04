"""What is started for a simulated robot, and where it listens."""

import socket
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.deployment.sim_set import SimConfig, sim_set
from clam_robot.errors import ConfigError


def test_free_ports_are_chosen_once_and_differ() -> None:
    setup = SimConfig(master_port=0, server_port=0, page_port=0, bench_port=0).with_ports()
    ports = {setup.master_port, setup.server_port, setup.page_port, setup.bench_port}
    assert len(ports) == 4 and 0 not in ports


def test_all_ports_that_are_taken_are_named_with_their_flags() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        server, page = one.getsockname()[1], other.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"taken: {server} \(--server-port\), {page} \(--page-port\); see by whom"
        ):
            SimConfig(master_port=0, server_port=server, page_port=page, bench_port=0).with_ports()


def test_two_programs_cannot_have_one_port() -> None:
    with pytest.raises(ConfigError, match="expected different ones, found 11311, 8123, 8123"):
        SimConfig(server_port=8123, page_port=8123, bench_port=0)


@given(st.integers().filter(lambda port: not 0 <= port < 2**16))
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match="page_port"):
        SimConfig(page_port=port)


def test_whoever_is_needed_or_taken_along_is_there_and_comes_in_order(tmp_path: Path) -> None:
    programs = sim_set(SimConfig(), tmp_path)
    names = [program.name for program in programs]
    for place, program in enumerate(programs):
        assert set(program.needs) <= set(names[:place])
        assert set(program.takes_along) <= set(names[place + 1 :])


def test_what_is_loaded_before_its_turn_is_there(tmp_path: Path) -> None:
    waiting = [program for program in sim_set(SimConfig(), tmp_path) if program.awaits_turn]
    assert [program.name for program in waiting] == ["xs_sdk", "loop"]
    for program in waiting:
        loaded = program.command[program.command.index("clam_robot.deployment.in_turn") + 1]
        assert all(find_spec(module) for module in loaded.split(","))


def test_the_loop_waits_for_a_person_and_its_secret_is_a_file(tmp_path: Path) -> None:
    loop = next(program for program in sim_set(SimConfig(episodes=3), tmp_path) if program.name == "loop")
    assert "--wait-for-person" in loop.command
    assert loop.command[loop.command.index("--page-key") + 1] == str(tmp_path / "page.key")
    assert loop.command[loop.command.index("--episodes") + 1] == "3"


@pytest.mark.parametrize("checkpoint", [None, Path("checkpoint")])
def test_the_server_serves_an_expert_or_a_checkpoint(tmp_path: Path, checkpoint: Path | None) -> None:
    server = next(each for each in sim_set(SimConfig(checkpoint=checkpoint), tmp_path) if each.name == "server")
    if checkpoint is None:
        assert server.command[-4:-2] == ("--scripted", "widowx-twin:reach-block")
    else:
        assert server.command[-4:-2] == ("--checkpoint", str(checkpoint.absolute()))
