"""Keys come whole, however their bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleop.key_parser import KeyParser

KEYS = {
    b"w": "w",
    b"\x1b[A": "up",
    b"\x1bOD": "left",
    b"\x1b[1;5C": "right",
    b"\x1b[5~": "page up",
    b"\x1b[6;2~": "page down",
    b"\x1b[15~": "\x1b[15~",
    b"\r": "enter",
    b"\x7f": "backspace",
    "ö".encode(): "ö",
    "機".encode(): "機",
}


@given(st.lists(st.sampled_from(sorted(KEYS))), st.data())
def test_keys_are_the_same_however_they_are_cut(pressed: list[bytes], data: st.DataObject) -> None:
    text = b"".join(pressed)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    parser = KeyParser()
    heard: list[str] = []
    for begin, end in pairwise([0, *cuts, len(text)]):
        heard += parser.feed(text[begin:end])
    assert heard == [KEYS[each] for each in pressed]
    assert not parser.is_pending


@given(st.binary())
def test_any_bytes_end_as_keys(data: bytes) -> None:
    parser = KeyParser()
    heard = parser.feed(data) + parser.flush()
    assert bool(heard) == bool(data)
    assert not parser.is_pending


@pytest.mark.parametrize("begun", [b"\x1b", b"\x1b[", b"\x1b[1;", b"\xc3"])
def test_what_was_only_begun_waits_and_then_counts(begun: bytes) -> None:
    parser = KeyParser()
    assert parser.feed(begun) == []
    assert parser.is_pending
    assert len(parser.flush()) == 1
    assert not parser.is_pending
    assert parser.feed(b"w") == ["w"]
