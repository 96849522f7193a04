"""What clients of OpenVLA's own server send to `POST /act`, and what they get."""

import base64
import json
from typing import Any, cast

import numpy as np
from jaxtyping import Float32

from clam_robot.specs import RobotSpec
from policy_server.packing import MalformedMessage
from policy_server.protocol import IMAGES, STATE

_IMAGES = ("image", "full_image")
_MAX_DIMS = 4


def read_body(body: bytes) -> tuple[dict[str, Any], bool]:
    """The request of a body, and whether it came as JSON within JSON (`encoded`), as the answer then must.

    Arrays are the dictionaries of the json-numpy package: `{"__numpy__": base64, "dtype": "|u1", "shape": [H, W, 3]}`.

    Raises:
        MalformedMessage: it is not JSON, no dictionary, or an array in it contradicts itself.
    """
    content = _json(body)
    encoded = isinstance(content, dict) and set(content) == {"encoded"}
    if encoded:
        content = _json(content["encoded"])
    if not isinstance(content, dict):
        raise MalformedMessage("request: expected a JSON dictionary with image and instruction")
    return cast("dict[str, Any]", content), encoded


def message_of(request: dict[str, Any], spec: RobotSpec) -> dict[str, Any]:
    """The same as a message of the policy protocol.

    `image` or `full_image` is the first camera's, `CAMERA_image` that of another; `state` is the robot's. The
    instruction is of no use to a policy of one task.
    """
    message: dict[str, Any] = {}
    if "state" in request:
        message[STATE] = _array(request["state"], "state", np.float64)
    for k, camera in enumerate(spec.cameras):
        keys = (camera, f"{camera}_image", *(_IMAGES if k == 0 else ()))
        found = next((key for key in keys if key in request), None)
        if found is not None:
            message[IMAGES + camera] = _array(request[found], found, np.uint8)
    return message


def encode_action(action: Float32[np.ndarray, "A"], *, encoded: bool) -> bytes:
    """One action as json-numpy writes it."""
    data = base64.b64encode(np.ascontiguousarray(action).tobytes()).decode()
    text = json.dumps({"__numpy__": data, "dtype": action.dtype.str, "shape": list(action.shape)})
    return (json.dumps(text) if encoded else text).encode()


def _json(text: object) -> Any:  # noqa: ANN401 - whatever the client sent
    if not isinstance(text, str | bytes):
        raise MalformedMessage("encoded: expected JSON as text")
    try:
        return json.loads(text, object_hook=_array_or_dict)
    except (ValueError, RecursionError) as error:
        if isinstance(error, MalformedMessage):
            raise
        raise MalformedMessage(f"request: expected JSON, found: {error}") from None


def _array_or_dict(value: dict[str, Any]) -> object:
    if "__numpy__" not in value:
        return value
    try:
        data = base64.b64decode(value["__numpy__"], validate=True)
        shape = tuple(int(length) for length in value["shape"])
        if not len(shape) <= _MAX_DIMS or min(shape, default=1) < 0:
            raise ValueError(f"shape {shape}")
        dtype = np.dtype(str(value["dtype"]))
        if dtype.kind not in "biuf":
            raise ValueError(f"dtype {dtype}")
        return np.frombuffer(data, dtype).reshape(shape)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MalformedMessage(f"request: expected arrays as json-numpy writes them, found: {error}") from None


def _array(value: object, what: str, kind: type[np.generic]) -> "np.ndarray[Any, np.dtype[Any]]":
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" or (
            kind is np.uint8 and array.size and not (0 <= array.min() <= array.max() <= 255)
        ):
            raise ValueError(f"{array.dtype}")
        return array.astype(kind)
    except (ValueError, TypeError, OverflowError) as error:
        raise MalformedMessage(f"{what}: expected numbers, found: {error}") from None
