"""Jobs on a Ray cluster."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from clam_robot.errors import MissingDependency
from clam_robot.training.parallel import Job

Result = TypeVar("Result")


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
        ClamRobotError: the first failure of a job.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingDependency("--ray needs ray; install it with pip install 'clam-robot[cluster]'") from None
    if address == "local":
        ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False)
    else:
        ray.init(address=address)
    try:
        return _run(ray, jobs, on_result)
    finally:
        ray.shutdown()


def _run(
    ray: Any,  # noqa: ANN401 - the module, imported where it is needed
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
