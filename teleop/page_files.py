"""The files that pages are made of: HTML, styles and scripts of our own, as they are, from this package."""

import os
from pathlib import Path
from string import Template

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

_FOLDER = Path(__file__).parent / "pages"


def read_page(name: str, **texts: str) -> str:
    """A page with its `$NAME`s filled in; what is filled in is HTML already."""
    return Template((_FOLDER / name).read_text(encoding="utf-8")).safe_substitute(texts)


def add_files(app: FastAPI) -> None:
    """Serve styles and scripts under /files."""
    app.mount("/files", _Files(directory=_FOLDER))


class _Files(StaticFiles):
    """Asked for anew each time: a phone must not mix scripts of two versions."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        return response
