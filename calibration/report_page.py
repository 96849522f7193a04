"""An HTML page of a report, and its parts."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:860px;margin:2em auto;padding:0 1em;color:#1a202c}"
    "table{border-collapse:collapse}td,th{padding:.2em .9em .2em 0;text-align:left;border-bottom:1px solid #e2e8f0}"
    "img{max-width:100%}.bad{color:#c53030;font-weight:600}.good{color:#276749;font-weight:600}"
)


def line(kind: str, text: str) -> str:
    """A paragraph that is "good" or "bad"."""
    return f'<p class="{kind}">{escape(text)}</p>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under a head."""
    lines = [f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>" for row in rows]
    return f"<table><tr>{''.join(f'<th>{escape(each)}</th>' for each in head)}</tr>{''.join(lines)}</table>"


def images(names: Sequence[str]) -> str:
    """Pictures that lie beside the page."""
    return "".join(f'<p><img src="{escape(each)}" alt="{escape(Path(each).stem)}"></p>' for each in names)


def page(path: Path, title: str, parts: Sequence[str]) -> Path:
    """Write the page; returns its path."""
    body = "\n".join(each for each in parts if each)
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>\n{body}</html>\n",
        encoding="utf-8",
    )
    return path
