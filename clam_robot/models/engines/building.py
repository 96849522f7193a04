"""Around whatever builds an engine: quiet while it works, one clear error when it does not."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from clam_robot.errors import EngineUnavailable

# They tell of optional packages and internals that nobody here can act on.
_CHATTY = ("torch.onnx", "torch.export", "torch._inductor", "onnxscript", "onnx_ir")


@contextmanager
def building(name: str, advice: str) -> Iterator[None]:
    """What libraries say while an engine is built is kept from people, but for the error that stops it.

    Raises:
        EngineUnavailable: for whatever was raised.
    """
    loggers = [logging.getLogger(each) for each in _CHATTY]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        said = (str(error).strip().splitlines() or ["nothing more"])[0]
        raise EngineUnavailable(
            f"engine {name}: expected a program of this policy, found {type(error).__name__}: {said}; {advice}"
        ) from error
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
