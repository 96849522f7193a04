"""An actor's pass on ONNX Runtime."""

import os

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.export import ExportedProgram

from clam_robot.models.engines.engine import Answer

# It would report every model it loads to its makers, and keep a data base of that in the user's home.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

_ERRORS_ONLY = 3


class OnnxEngine:
    """Holds the program in memory; writes no file.

    Args:
        program: of the actor.
        threads: of one pass.
    """

    def __init__(self, program: ExportedProgram, *, threads: int) -> None:
        exported = torch.onnx.export(program, dynamo=True, verbose=False)
        assert exported is not None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(
            exported.model_proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._names = [each.name for each in self._session.get_inputs()]

    def act(self, states: Float[Tensor, "B T S"], frames: UInt8[Tensor, "B T height width 3"] | None = None) -> Answer:
        """As `Actor.act`."""
        inputs = [states] if frames is None else [states, frames]
        feed = {name: each.numpy() for name, each in zip(self._names, inputs, strict=True)}
        actions, *latents = (torch.from_numpy(each) for each in self._session.run(None, feed))
        return actions, latents[0] if latents else None
