"""Texts that people type into a session."""

_LONGEST = 500


def cleaned(text: str) -> str:
    """One line without control characters, shortened to what a data set should carry."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:_LONGEST].strip()
