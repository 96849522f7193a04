"""The software stop on a page, for a phone beside the arm, and for programs over HTTP."""

import hmac
import secrets
from html import escape
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from clam_robot import __version__
from clam_robot.hardware.stop_latch import StopLatch


class ArmStatus(BaseModel):
    """Whether the arm may move.

    Attributes:
        stopped: nothing moves until a person clears the stop.
        reason: the rule that stopped it, or "stopped" for a person.
        detail: in words.
    """

    stopped: bool
    reason: str | None = None
    detail: str | None = None


def create_stop_app(latch: StopLatch, *, name: str, key: str | None = None) -> tuple[FastAPI, str]:
    """The page and its requests. Anybody may stop; only who has the key may clear.

    Args:
        latch: what is set and cleared.
        name: of the arm, for people.
        key: a new one by default.

    Returns:
        The application, and the key.
    """
    secret = key or secrets.token_urlsafe(12)
    app = FastAPI(title=f"clam-robot: stop of {name}", version=__version__)

    @app.get("/", response_class=HTMLResponse)
    async def page(key: Annotated[str, Query()] = "") -> str:
        """For people."""
        return _PAGE.replace("$NAME", escape(name)).replace("$CAN_CLEAR", "true" if _is_same(key, secret) else "false")

    @app.get("/v1/arm")
    async def status() -> ArmStatus:
        """Whether the arm may move."""
        cause = latch.cause
        return (
            ArmStatus(stopped=False)
            if cause is None
            else ArmStatus(stopped=True, reason=str(cause.reason), detail=cause.detail)
        )

    @app.post("/v1/arm/stop")
    async def stop() -> ArmStatus:
        """Stop it."""
        latch.stop(detail="asked for over HTTP")
        return await status()

    @app.post("/v1/arm/clear")
    async def clear(x_clear_key: Annotated[str, Header()] = "") -> ArmStatus:
        """Clear the stop; whoever clears has looked at the arm."""
        if not _is_same(x_clear_key, secret):
            raise HTTPException(
                403, "expected the key of this run in the header X-Clear-Key; open the page by the address printed"
            )
        latch.clear()
        return await status()

    return app, secret


def _is_same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$NAME: stop</title>
<style>
  :root { color-scheme: light dark; font-family: system-ui, sans-serif; }
  body { margin: 0; min-height: 100dvh; display: flex; flex-direction: column; gap: 1rem; padding: 1rem;
         box-sizing: border-box; max-width: 40rem; margin-inline: auto; }
  h1 { font-size: 1.1rem; margin: 0; }
  #state { border-radius: .5rem; padding: .75rem 1rem; font-weight: 600; color: #fff; background: #1f7a3d; }
  #state.stopped { background: #8f1d1d; }
  #state.lost { background: #7a5b00; }
  #detail { margin: .25rem 0 0; font-weight: 400; overflow-wrap: anywhere; }
  button { font: inherit; border: 0; border-radius: .75rem; cursor: pointer; }
  #stop { flex: 1; min-height: 12rem; font-size: 3rem; font-weight: 800; letter-spacing: .1em;
          background: #d21f1f; color: #fff; }
  #stop:active { background: #8f1d1d; }
  #clear { padding: 1rem; font-size: 1.1rem; }
  #clear[hidden] { display: none; }
</style>
</head>
<body>
<h1>$NAME</h1>
<div id="state" role="status"><span id="word">asking the arm</span><p id="detail"></p></div>
<button id="stop">STOP</button>
<button id="clear" hidden>I have looked at the arm: clear the stop</button>
<script>
  const canClear = $CAN_CLEAR, key = new URLSearchParams(location.search).get("key") ?? "";
  const $ = id => document.getElementById(id);
  function show(arm) {
    $("state").className = arm.stopped ? "stopped" : "";
    $("word").textContent = arm.stopped ? "Stopped" : "May move";
    $("detail").textContent = arm.stopped ? `${arm.reason}: ${arm.detail}` : "";
    $("clear").hidden = !(arm.stopped && canClear);
  }
  async function ask(path, options) {
    try {
      const answer = await fetch(path, {signal: AbortSignal.timeout(2000), ...options});
      if (!answer.ok) throw new Error((await answer.json()).detail);
      show(await answer.json());
    } catch (error) {
      $("state").className = "lost";
      $("word").textContent = "No answer from the arm's program";
      $("detail").textContent = `${error.message}. If the arm moves, cut its power.`;
    }
  }
  $("stop").onclick = () => ask("v1/arm/stop", {method: "POST"});
  $("clear").onclick = () => ask("v1/arm/clear", {method: "POST", headers: {"X-Clear-Key": key}});
  setInterval(() => ask("v1/arm"), 500);
  ask("v1/arm");
</script>
</body>
</html>
"""
