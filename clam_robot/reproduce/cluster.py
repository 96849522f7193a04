"""Jobs on a Ray cluster."""

import re
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from clam_robot.errors import ConfigError, MissingDependency, TrainingError
from clam_robot.training.parallel import Job

Result = TypeVar("Result")

_ADDRESS = re.compile(r"(ray://)?(?P<host>[^\s/:]+):(?P<port>\d+)")
_ANSWER_SECONDS = 10.0


def require_cluster(address: str) -> None:
    """Refuse an address that no cluster answers at, so that nothing is begun for it.

    Args:
        address: "local", "auto", or a host and a port, with "ray://" before them for Ray's client server.

    Raises:
        MissingDependency: Ray is not installed.
        ConfigError: it is no address.
        TrainingError: nothing answers there.
    """
    ray = _ray()
    if address == "local":
        return
    if address == "auto":
        _connect(ray, address)
        ray.shutdown()
        return
    parts = _ADDRESS.fullmatch(address)
    if parts is None or not 0 < int(parts["port"]) < 2**16:
        raise ConfigError(f"--ray: expected local, auto, HOST:PORT or ray://HOST:PORT, found {address!r}")
    try:
        socket.create_connection((parts["host"], int(parts["port"])), timeout=_ANSWER_SECONDS).close()
    except (OSError, UnicodeError) as error:  # no such host, or none that can be
        raise _silent(address, error) from None


def run_on_cluster(
    jobs: Sequence[Job[Result]],
    *,
    address: str,
    on_result: Callable[[Job[Result], Result], None] = lambda job, result: None,
) -> list[Result]:
    """Run every job on some machine of a cluster, one core each; the results come in their order.

    Args:
        jobs: to do; their folders must be seen by every machine.
        address: of the cluster, or "local" to start one on this machine alone.
        on_result: told of every result as it comes.

    Raises:
        MissingDependency: Ray is not installed.
        TrainingError: no cluster answers at the address.
        ClamRobotError: the first failure of a job.
    """
    ray = _ray()
    _connect(ray, address)
    try:
        return _run(ray, jobs, on_result)
    finally:
        ray.shutdown()


def _ray() -> Any:  # noqa: ANN401 - the module, imported where it is needed
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingDependency("--ray needs ray; install it with pip install 'clam-robot[cluster]'") from None
    return ray


def _connect(ray: Any, address: str) -> None:  # noqa: ANN401
    try:
        if address == "local":
            ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False)
        else:
            ray.init(address=address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise _silent(address, error) from None


def _silent(address: str, error: Exception) -> TrainingError:
    reason = " ".join(str(error).split())
    return TrainingError(
        f"--ray {address}: expected a Ray cluster there, found none ({reason}); start one with `ray start --head`, or "
        "leave --ray away to use this machine alone"
    )


def _run(
    ray: Any,  # noqa: ANN401
    jobs: Sequence[Job[Result]],
    on_result: Callable[[Job[Result], Result], None],
) -> list[Result]:
    remote = ray.remote(num_cpus=1, max_retries=2)(_run_job)
    job_of = {remote.remote(job): job for job in jobs}
    results: dict[int, Result] = {}
    waiting = list(job_of)
    while waiting:
        done, waiting = ray.wait(waiting, num_returns=1)
        for reference in done:
            try:
                result = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            results[id(job_of[reference])] = result
            on_result(job_of[reference], result)
    return [results[id(job)] for job in jobs]


def _run_job(job: Job[Result]) -> Result:
    return job.run(_Silence())


class _Silence:
    """Progress that nobody watches."""

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        """Nothing."""
