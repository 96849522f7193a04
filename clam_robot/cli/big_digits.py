"""Digits that are read from across a room."""

_ROWS = {
    "0": ("███", "█ █", "█ █", "█ █", "███"),
    "1": (" █ ", "██ ", " █ ", " █ ", "███"),
    "2": ("███", "  █", "███", "█  ", "███"),
    "3": ("███", "  █", "███", "  █", "███"),
    "4": ("█ █", "█ █", "███", "  █", "  █"),
    "5": ("███", "█  ", "███", "  █", "███"),
    "6": ("███", "█  ", "███", "█ █", "███"),
    "7": ("███", "  █", "  █", "  █", "  █"),
    "8": ("███", "█ █", "███", "█ █", "███"),
    "9": ("███", "█ █", "███", "  █", "███"),
}


def big_number(number: int) -> str:
    """Five lines; each dot is two columns wide, as a terminal's characters are tall."""
    digits = [_ROWS[digit] for digit in str(number)]
    rows = ("  ".join(digit[row] for digit in digits) for row in range(5))
    return "\n".join("".join(2 * each for each in row) for row in rows)
