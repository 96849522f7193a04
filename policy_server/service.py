"""What every transport of the server shares: the models, who infers, who reads, who may come in, what is counted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from clam_robot.timing import Clock
from policy_server.api_keys import ApiKeys, Caller, Scope
from policy_server.batcher import Batcher
from policy_server.config import ServerConfig
from policy_server.decoding import Decoders
from policy_server.metrics import Metrics, Transport
from policy_server.models import Loader, Models
from policy_server.refusals import Refused
from policy_server.served_model import ModelSource, ServedModel
from policy_server.session import Session


class PolicyService:
    """A policy server without its sockets.

    Args:
        sources: models by name, the default one first.
        config: limits.
        clock: measures.
        load: reads a checkpoint; None where none can be loaded.
        keys: who may do what; None lets everyone in.

    Raises:
        ServerError: a policy cannot answer.
    """

    def __init__(
        self,
        sources: Mapping[str, ModelSource],
        config: ServerConfig,
        clock: Clock,
        *,
        load: Loader | None = None,
        keys: ApiKeys | None = None,
    ) -> None:
        self.config = config
        self.clock = clock
        self.models = Models(sources, config, load)
        self.metrics = Metrics()
        self.batcher = Batcher(clock, max_batch=config.max_batch, wait=config.batch_wait, on_batch=self._count_batch)
        self.decoders = Decoders()
        self._keys = keys
        self._num_sessions = 0

    def start(self) -> None:
        """Begin to infer."""
        self.batcher.start()

    def stop(self) -> None:
        """Finish what is queued, and end."""
        self.decoders.stop()
        self.batcher.stop(self.config.shutdown_timeout)

    def admit(self, authorization: str | None, scope: Scope) -> Caller:
        """Who asks, and may.

        Args:
            authorization: the HTTP header.
            scope: what for.

        Raises:
            Refused: no key, an unknown one, or one for other things.
        """
        if self._keys is None:
            return Caller(name="anyone", scopes=("infer", "admin"))
        return self._keys.admit(authorization, scope)

    @contextmanager
    def place(self, transport: Transport) -> Iterator[None]:
        """One of the places that connections take.

        Raises:
            Refused: all are taken.
        """
        if self._num_sessions >= self.config.max_sessions:
            raise Refused("busy", f"expected at most {self.config.max_sessions} robots at a time, found one more")
        self._num_sessions += 1
        try:
            with self.metrics.session(transport):
                yield
        finally:
            self._num_sessions -= 1

    def session(self, model: str | None) -> Session:
        """A new conversation.

        Raises:
            Refused: no such model.
        """
        return Session(
            self.models,
            model,
            batcher=self.batcher,
            decoders=self.decoders,
            clock=self.clock,
            infer_timeout=self.config.infer_timeout,
        )

    def _count_batch(self, model: ServedModel, size: int, seconds: float) -> None:
        self.metrics.count_batch(model.name, size, seconds)
