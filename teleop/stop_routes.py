"""The requests of a stop button. They need nothing but the latch: no script, no session, no connection that stays."""

from collections.abc import Callable

from fastapi import APIRouter, BackgroundTasks
from pydantic import BaseModel

from clam_robot.hardware.stop_latch import StopLatch


class ArmStatus(BaseModel):
    """Whether the arm may move.

    Attributes:
        stopped: nothing moves until a person clears the stop.
        reason: the rule that stopped it, or "stopped" for a person.
        detail: in words.
    """

    stopped: bool
    reason: str | None = None
    detail: str | None = None

    @classmethod
    def of(cls, latch: StopLatch) -> "ArmStatus":
        """As the latch has it."""
        cause = latch.cause
        if cause is None:
            return cls(stopped=False)
        return cls(stopped=True, reason=str(cause.reason), detail=cause.detail)


def stop_routes(latch: StopLatch, *, on_stop: Callable[[], object] = lambda: None) -> APIRouter:
    """Status and stop of an arm under /v1/arm, for anybody.

    Args:
        latch: what is set.
        on_stop: told afterwards, when the answer is out already; may fail.
    """
    routes = APIRouter(prefix="/v1/arm")

    @routes.get("")
    async def status() -> ArmStatus:
        """Whether the arm may move."""
        return ArmStatus.of(latch)

    @routes.post("/stop")
    async def stop(afterwards: BackgroundTasks) -> ArmStatus:
        """Stop it."""
        latch.stop(detail="asked for over HTTP")
        afterwards.add_task(on_stop)
        return ArmStatus.of(latch)

    return routes
