"""Bytes of a terminal to keys."""

import codecs
import re

ESCAPE = "\x1b"
# Arrows and the keys above them, with or without modifiers, as xterm and the Linux console send them.
_NAMES = {
    "A": "up",
    "B": "down",
    "C": "right",
    "D": "left",
    "H": "home",
    "F": "end",
    "5~": "page up",
    "6~": "page down",
}
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\[O])", re.DOTALL)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?")


class KeyParser:
    """Keys may come several at once, and in pieces over a network.

    A key is its character; arrows and page keys have names ("up", "page down"), "enter" and "backspace" too; any other
    sequence is itself.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    @property
    def is_pending(self) -> bool:
        """Whether the last bytes may be the beginning of a key."""
        return bool(self._rest) or bool(self._decoder.getstate()[0])

    def feed(self, data: bytes) -> list[str]:
        """The keys that are complete now."""
        text = self._rest + self._decoder.decode(data)
        keys: list[str] = []
        at = 0
        while at < len(text):
            if text[at] != ESCAPE:
                keys.append(_PLAIN.get(text[at], text[at]))
                at += 1
            elif found := _SEQUENCE.match(text, at):
                keys.append(_name(found[0]))
                at = found.end()
            elif _UNFINISHED.fullmatch(text, at):
                break
            else:
                keys.append(ESCAPE)
                at += 1
        self._rest = text[at:]
        return keys

    def flush(self) -> list[str]:
        """What was begun counts as it is: nothing more came."""
        rest = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        return [rest] if rest else []


_PLAIN = {"\r": "enter", "\n": "enter", "\x7f": "backspace", "\b": "backspace"}


def _name(sequence: str) -> str:
    body = sequence[2:]
    modified = re.fullmatch(r"(?:1;\d+)?([A-DHF])|([56])(?:;\d+)?~", body)
    if sequence[1] not in "[O" or modified is None:
        return sequence
    return _NAMES[modified[1] or f"{modified[2]}~"]
