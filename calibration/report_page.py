"""An HTML page of a report, and its parts: one file that holds all it shows."""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

# The charts' letters are DejaVu Sans; Verdana is the same design elsewhere.
_STYLE = (
    'body{font:15px/1.5 "DejaVu Sans",Verdana,system-ui,sans-serif;max-width:1080px;margin:2em auto;padding:0 1em;'
    "color:#1a202c}"
    "h1{font-size:1.6em}h2{font-size:1.2em;margin:1.8em 0 .5em}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{padding:.25em .9em .25em 0;text-align:left;vertical-align:top;border-bottom:1px solid #e2e8f0}"
    "th[scope=row]{font-weight:normal;color:#4a5568;width:12em}"
    "figure{margin:0}figcaption,.note{color:#4a5568;font-size:.87em;margin:.2em 0 1em}img,svg{width:100%;height:auto}"
    ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(440px,100%),1fr));gap:1em 1.5em}"
    ".bad{color:#c53030;font-weight:600}.good{color:#276749;font-weight:600}"
)
_DPI = 150


def line(kind: str, text: str) -> str:
    """A paragraph that is "good", "bad", or a "note"."""
    return f'<p class="{kind}">{escape(text)}</p>'


def paragraph(text: str) -> str:
    """Of plain text."""
    return f"<p>{escape(text)}</p>"


def heading(text: str) -> str:
    """Of a section."""
    return f"<h2>{escape(text)}</h2>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under a head."""
    lines = [f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>" for row in rows]
    return f"<table><tr>{''.join(f'<th>{escape(each)}</th>' for each in head)}</tr>{''.join(lines)}</table>"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """What is so, by its name."""
    lines = [f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows]
    return f"<table>{''.join(lines)}</table>"


def data_address(kind: str, content: bytes) -> str:
    """An address that holds a picture itself, such as "png" or "jpeg"."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def chart(figure: Figure, name: str, caption: str = "") -> str:
    """A chart, and beneath it what it says."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=_DPI, format="png")
    image = f'<img src="{data_address("png", drawn.getvalue())}" alt="{escape(name)}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def grid(parts: Sequence[str]) -> str:
    """Figures beside one another, where the window is wide enough."""
    return f'<div class="grid">{"".join(parts)}</div>' if parts else ""


def page(path: Path, title: str, parts: Sequence[str]) -> Path:
    """Write the page; returns its path."""
    body = "\n".join(each for each in parts if each)
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>\n{body}</html>\n",
        encoding="utf-8",
    )
    return path
