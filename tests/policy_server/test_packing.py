"""The wire: what goes in comes out, and what is not of it is refused by name."""

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from policy_server.packing import MAX_CONTAINERS, MalformedMessage, pack, unpack

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"),
    hnp.unicode_string_dtypes(max_len=5),
    hnp.byte_string_dtypes(max_len=5),
)
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
SCALARS = hnp.from_dtype(np.dtype(np.float32)) | hnp.from_dtype(np.dtype(np.int16)) | hnp.from_dtype(np.dtype(bool))
PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
MESSAGES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(array=ARRAYS)
def test_arrays_survive_the_wire_bit_for_bit(array: np.ndarray) -> None:
    found = unpack(pack({"x": array}))["x"]
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


@given(scalar=SCALARS)
def test_numpy_scalars_keep_their_type(scalar: np.generic) -> None:
    found = unpack(pack(scalar))
    assert type(found) is type(scalar)
    np.testing.assert_array_equal(found, scalar)


@given(message=MESSAGES)
def test_plain_values_survive_the_wire(message: object) -> None:
    assert repr(unpack(pack(message))) == repr(message)


@given(frame=st.binary())
def test_garbage_is_refused_and_never_anything_worse(frame: bytes) -> None:
    try:
        unpack(frame)
    except MalformedMessage as error:
        assert str(error)


@given(data=st.data())
def test_a_truncated_frame_is_refused(data: st.DataObject) -> None:
    frame = pack({"observation/state": np.arange(6, dtype=np.float32), "reset": True})
    length = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(MalformedMessage):
        unpack(frame[:length])


@given(data=st.data())
def test_a_frame_with_flipped_bytes_unpacks_or_is_refused(data: st.DataObject) -> None:
    frame = bytearray(pack({"observation/state": np.arange(6, dtype=np.float32), "time": np.float32(1.5)}))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        unpack(bytes(frame))
    except MalformedMessage as error:
        assert str(error)


def test_the_bytes_of_an_array_are_those_openpi_sends() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    expected = msgpack.packb({b"__ndarray__": True, b"data": array.tobytes(), b"dtype": "<f4", b"shape": (2, 3)})
    assert pack(array) == expected
    assert pack(np.float32(1.5)) == msgpack.packb({b"__npgeneric__": True, b"data": 1.5, b"dtype": "<f4"})


def test_a_strided_array_travels_in_c_order() -> None:
    array = np.arange(12, dtype=np.int32).reshape(3, 4).T[::2]
    np.testing.assert_array_equal(unpack(pack(array)), array)


def test_a_text_key_is_never_taken_for_an_array() -> None:
    message = {"__ndarray__": True, "data": b"1234", "dtype": "<f4", "shape": [1]}
    assert unpack(pack(message)) == message


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(2, np.complex64),
        np.array([object()]),
        np.zeros(2, [("a", "f4")]),
        np.zeros(2, "datetime64[s]"),
        np.complex64(1),
        object(),
        {1, 2},
        2**70,
    ],
    ids=["complex", "objects", "records", "dates", "complex scalar", "object", "set", "big integer"],
)
def test_what_does_not_travel_is_refused_before_it_is_sent(value: object) -> None:
    with pytest.raises(MalformedMessage, match="expected"):
        pack(value)


def _array(**changes: object) -> bytes:
    fields = {"__ndarray__": True, "data": bytes(24), "dtype": "<f4", "shape": [6]} | changes
    return msgpack.packb({key.encode(): value for key, value in fields.items()})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"dtype": "|O"}, "array dtype: expected one of the kinds"),
        ({"dtype": "|V4"}, "array dtype: expected one of the kinds"),
        ({"dtype": "<c8"}, "array dtype: expected one of the kinds"),
        ({"dtype": "<f4,<f4"}, "array dtype: expected one of the kinds"),
        ({"dtype": "<f3"}, "array dtype: expected a dtype numpy knows"),
        ({"dtype": None}, "array dtype: expected one of the kinds"),
        ({"dtype": b"<f4"}, "array dtype: expected one of the kinds"),
        ({"dtype": "<U0"}, "array data: expected 0 bytes"),
        ({"data": bytes(23)}, "array data: expected 24 bytes for .6. float32, found 23"),
        ({"data": "text"}, "array data: expected bytes, found str"),
        ({"data": None}, "array data: expected bytes, found NoneType"),
        ({"shape": [7]}, "array data: expected 28 bytes"),
        ({"shape": [-6]}, "array shape: expected lengths of 0 or more"),
        ({"shape": [True] * 6}, "array shape: expected lengths of 0 or more"),
        ({"shape": [2.0, 3.0]}, "array shape: expected lengths of 0 or more"),
        ({"shape": 6}, "array shape: expected at most 8 lengths"),
        ({"shape": [1] * 9}, "array shape: expected at most 8 lengths"),
        ({"shape": [2**40, 2**40]}, "array data: expected"),
        ({"shape": [0, 2**63 - 1, 2**63 - 1], "data": b""}, "array shape: expected lengths that fit"),
    ],
)
def test_an_array_that_contradicts_itself_is_refused(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(MalformedMessage, match=complaint):
        unpack(_array(**changes))


@pytest.mark.parametrize(
    ("dtype", "data"),
    [("<f4", "1.5"), ("<f4", [1.0, 2.0]), ("|b1", 1), ("<i4", True), ("|i1", 300), ("<u1", -1), ("<U1", b"x")],
)
def test_a_scalar_that_is_not_of_its_dtype_is_refused(dtype: str, data: object) -> None:
    frame = msgpack.packb({b"__npgeneric__": True, b"data": data, b"dtype": dtype})
    with pytest.raises(MalformedMessage, match="scalar data: expected a value of"):
        unpack(frame)


def test_a_scalar_too_large_for_its_dtype_becomes_infinite() -> None:
    assert np.isinf(unpack(msgpack.packb({b"__npgeneric__": True, b"data": 1e300, b"dtype": "<f4"})))


def test_many_small_containers_are_refused_before_they_fill_the_memory() -> None:
    frame = msgpack.packb([[[]] * 1000] * 1000)
    assert len(frame) > MAX_CONTAINERS
    with pytest.raises(MalformedMessage, match="expected at most"):
        unpack(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x91" * 100_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        msgpack.packb({1: 2}),
        pack(1) + pack(2),
        msgpack.packb(msgpack.ExtType(5, b"abc")),
        b"\xa1\xff",
    ],
)
def test_hostile_frames_are_refused(frame: bytes) -> None:
    with pytest.raises(MalformedMessage):
        unpack(frame)
