"""Jobs on a real Ray cluster of this machine."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from clam_robot.errors import ConfigError, TrainingError
from clam_robot.reproduce.cluster import require_cluster, run_on_cluster
from clam_robot.training.parallel import Job
from clam_robot.training.trainer import Progress


@dataclass(frozen=True)
class Square:
    """Tells the square of a number and the process that found it."""

    number: int

    @property
    def name(self) -> str:
        return f"square of {self.number}"

    def run(self, progress: Progress) -> Mapping[str, int]:
        progress.update("square", 1, 1, {})
        if self.number < 0:
            raise TrainingError(f"expected a number from 0 on, found {self.number}")
        return {"square": self.number**2, "process": os.getpid()}


@pytest.mark.parametrize("address", ["bogus", "ray://head", "head:port", "http://head:6379", "head:66000", ""])
def test_what_is_no_address_is_refused_with_those_that_are(address: str) -> None:
    with pytest.raises(ConfigError, match=r"--ray: expected local, auto, HOST:PORT or ray://HOST:PORT, found '"):
        require_cluster(address)


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nobody_answers_is_said_in_one_line(scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and does not listen
        address = f"{scheme}127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(TrainingError, match=rf"--ray {address}: .* found none \(.*refused\)") as caught:
            require_cluster(address)
    assert "\n" not in str(caught.value)


def test_a_cluster_of_this_machine_alone_needs_no_answer() -> None:
    require_cluster("local")


@pytest.mark.slow
def test_jobs_run_elsewhere_and_results_come_in_their_order() -> None:
    heard: list[str] = []

    def hear(job: Job[Mapping[str, int]], result: Mapping[str, int]) -> None:
        heard.append(job.name)

    results = run_on_cluster([Square(number) for number in range(4)], address="local", on_result=hear)
    assert [result["square"] for result in results] == [0, 1, 4, 9]
    assert os.getpid() not in {result["process"] for result in results}
    assert sorted(heard) == [f"square of {number}" for number in range(4)]
    with pytest.raises(TrainingError, match="found -1"):
        run_on_cluster([Square(-1)], address="local")
