"""An actor's pass as machine code."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch._inductor import aoti_compile_and_package, aoti_load_package
from torch._inductor.utils import fresh_cache
from torch.export import ExportedProgram

from clam_robot.models.engines.engine import Answer


class CompiledEngine:
    """Compiled ahead of time for every B at once, so that no later call waits for a compiler.

    Inductor bakes the number of threads that torch has now into the code. All files are gone once it is loaded.

    Args:
        program: of the actor.
    """

    def __init__(self, program: ExportedProgram) -> None:
        with tempfile.TemporaryDirectory() as folder, _unpacking_in(folder), fresh_cache(dir=folder):
            package = aoti_compile_and_package(
                program,
                package_path=str(Path(folder, "actor.pt2")),
                # More threads would be processes that stay; headers would be kept in a folder beside ours.
                inductor_configs={"compile_threads": 1, "aot_inductor.precompile_headers": False},
            )
            self._run = aoti_load_package(package)

    @torch.inference_mode()
    def act(self, states: Float[Tensor, "B T S"], frames: UInt8[Tensor, "B T height width 3"] | None = None) -> Answer:
        """As `Actor.act`."""
        actions, latents = self._run(states) if frames is None else self._run(states, frames)
        return actions, latents


@contextmanager
def _unpacking_in(folder: str) -> Iterator[None]:
    """A package is unpacked where TMPDIR says and stays there as long as it is loaded, and after a kill for ever."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = folder
    try:
        yield
    finally:
        os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)
