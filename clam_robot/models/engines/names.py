"""Engines by the names that configurations give them; nothing heavy is loaded to read them."""

from typing import Literal

# eager: torch, operation by operation. onnx: ONNX Runtime. compile: machine code by torch's inductor, which needs g++.
# auto: the fastest of those that are quick to build and agree with eager, as measured when a policy is loaded.
EngineName = Literal["auto", "eager", "onnx", "compile"]
