"""Which engine computes an actor's pass."""

import logging
import statistics
from collections.abc import Callable, Mapping

import torch

from clam_robot.errors import EngineUnavailable
from clam_robot.models.actor import Actor
from clam_robot.models.engines.building import building
from clam_robot.models.engines.engine import Engine
from clam_robot.models.engines.names import EngineName
from clam_robot.models.engines.program import export_program
from clam_robot.models.engines.trial import Trial
from clam_robot.models.view import View
from clam_robot.timing import Clock, MonotonicClock

logger = logging.getLogger(__name__)

# Of an action's range. Engines add up in another order, which makes 1e-6; an arm resolves 1e-3.
TOLERANCE = 1e-4
# A faster engine that saves less than this share of a pass is not worth being another one.
LEAST_GAIN = 0.1


def make_engine(name: EngineName, actor: Actor, view: View, *, threads: int = 1, clock: Clock | None = None) -> Engine:
    """What computes the passes of an actor from now on.

    It has torch use as many threads in this process: a network this small gains nothing from a second one, and where
    other processes keep the cores busy waiting for it makes an inference of 1 ms one of 60 ms.

    Args:
        name: which; auto measures, which takes some seconds, and falls back on eager.
        actor: put into evaluation mode.
        view: what it sees.
        threads: of one pass.
        clock: measures; the machine's by default.

    Raises:
        EngineUnavailable: the one that was asked for cannot be built here, or does not say what the actor says.
    """
    torch.set_num_threads(threads)
    actor.eval()
    if name == "eager":
        return actor
    builders = {
        "onnx": lambda: _onnx(actor, view, threads),
        "compile": lambda: _compiled(actor, view),
    }
    trial = Trial(actor, view, clock or MonotonicClock())
    if name == "auto":
        # Machine code is no faster than ONNX Runtime on nearly every policy here, and takes a minute to make.
        return fastest(actor, {"onnx": builders["onnx"]}, trial)
    return agreeing(name, builders[name], trial)


def fastest(eager: Engine, builders: Mapping[str, Callable[[], Engine]], trial: Trial) -> Engine:
    """The one of least time per pass in the mean over batch sizes, each against eager's.

    One that cannot be built or disagrees is left out, and the log says why.
    """
    eager_seconds = trial.seconds(eager)
    best, best_name, best_share, best_seconds = eager, "eager", 1.0 - LEAST_GAIN, eager_seconds
    for name, build in builders.items():
        try:
            engine = agreeing(name, build, trial)
        except EngineUnavailable as error:
            logger.warning("%s", error)
            continue
        seconds = trial.seconds(engine)
        share = statistics.fmean(seconds[size] / eager_seconds[size] for size in seconds)
        if share < best_share:
            best, best_name, best_share, best_seconds = engine, name, share, seconds
    logger.info("engine %s: %s; eager: %s", best_name, _in_words(best_seconds), _in_words(eager_seconds))
    return best


def agreeing(name: str, build: Callable[[], Engine], trial: Trial) -> Engine:
    """An engine that answers as the actor does.

    Raises:
        EngineUnavailable: it cannot be built, or does not.
    """
    engine = build()
    with building(name, "choose the engine eager"):
        difference = trial.difference(engine)
    if difference > TOLERANCE:
        raise EngineUnavailable(
            f"engine {name}: expected eager's actions to within {TOLERANCE:g} of their range, found a difference of "
            f"{difference:g}; choose the engine eager"
        )
    return engine


def _onnx(actor: Actor, view: View, threads: int) -> Engine:
    with building("onnx", "pip install 'clam-robot[server]' brings what it needs, or choose the engine eager"):
        from clam_robot.models.engines.onnx_engine import OnnxEngine

        return OnnxEngine(export_program(actor, view), threads=threads)


def _compiled(actor: Actor, view: View) -> Engine:
    with building("compile", "it needs a C++ compiler such as g++; or choose the engine onnx or eager"):
        from clam_robot.models.engines.compiled_engine import CompiledEngine

        return CompiledEngine(export_program(actor, view))


def _in_words(seconds: Mapping[int, float]) -> str:
    return ", ".join(f"{1e3 * each:.2f} ms for {size}" for size, each in seconds.items())
