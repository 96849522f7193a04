"""What the server counts, for Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from policy_server.refusals import CODES, Code

Transport = Literal["lock_step", "stream", "http"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counters of one server; a registry of their own, so that two servers in a process do not mix."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._inference = Histogram(
            "clam_inference_seconds", "One pass of a model, for one robot or several", ["model"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._request = Histogram(
            "clam_request_seconds", "From an observation's arrival until its answer is sent", ["model", "transport"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._batch = Histogram(
            "clam_batch_size", "Robots answered by one pass", ["model"], buckets=_SIZES, registry=registry
        )
        self._skipped = Counter(
            "clam_skipped_observations", "Observations replaced by newer ones before a model saw them",
            registry=registry,
        )  # fmt: skip
        self._rejects = Counter("clam_rejects", "Requests that were refused", ["code"], registry=registry)
        self._sessions = Gauge("clam_sessions", "Robots that are connected", ["transport"], registry=registry)
        self._by_model: dict[str, tuple[Histogram, Histogram]] = {}
        self._by_transport: dict[tuple[str, Transport], Histogram] = {}
        for code in CODES:  # a counter that is not there cannot be told from one that was never needed
            self._rejects.labels(code)

    def _of_model(self, model: str) -> tuple[Histogram, Histogram]:
        """Looking labels up costs more than counting."""
        if model not in self._by_model:
            self._by_model[model] = self._inference.labels(model), self._batch.labels(model)
        return self._by_model[model]

    def count_batch(self, model: str, size: int, seconds: float) -> None:
        """One pass of a model."""
        inference, batch = self._of_model(model)
        inference.observe(seconds)
        batch.observe(size)

    def count_answer(self, model: str, transport: Transport, seconds: float) -> None:
        """One answer that was sent."""
        key = model, transport
        if key not in self._by_transport:
            self._by_transport[key] = self._request.labels(*key)
        self._by_transport[key].observe(seconds)

    def count_skipped(self, number: int = 1) -> None:
        """Observations that no model saw."""
        self._skipped.inc(number)

    def count_reject(self, code: Code) -> None:
        """A request that was refused."""
        self._rejects.labels(code).inc()

    @contextmanager
    def session(self, transport: Transport) -> Iterator[None]:
        """A robot that is connected while the block runs."""
        gauge = self._sessions.labels(transport)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()

    def exposition(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self._registry)
