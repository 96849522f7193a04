"""A recording session on a terminal, best of 80 columns and 24 lines or more."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich import box
from rich.align import Align
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from clam_robot.cli.big_digits import big_number
from clam_robot.cli.session_help import keys_of
from teleop.session_state import Coverage, Gauge, Phase, SessionState, Wish
from teleop.stop_keys import CLEAR

_STYLES: Mapping[Phase, tuple[str, str]] = {
    Phase.READY: ("○", "bold cyan"),
    Phase.RESETTING: ("↺", "bold yellow"),
    Phase.COUNTDOWN: ("◔", "bold yellow"),
    Phase.RECORDING: ("●", "bold red"),
    Phase.REVIEW: ("?", "bold magenta"),
    Phase.SAVING: ("↓", "bold blue"),
    Phase.STOPPED: ("■", "bold white on red"),
    Phase.FINISHED: ("✓", "bold green"),
}
_SHORT = {
    "late periods": "late",
    "dropped rows": "dropped",
    "camera skew": "skew",
    "disk left": "disk",
    "not copied": "uncopied",
}
_BAR = 8
_LEAST_FOR_BARS = 68  # columns
_PROMPT_LINES = 5
_LONGEST_MESSAGE = 210  # three lines of a small terminal


def session_view(
    state: SessionState,
    details: Mapping[str, str],
    *,
    drives_by_keys: bool,
    pose: str = "",
    typing: tuple[str, str] | None = None,
) -> RenderableType:
    """What the person sees now.

    Args:
        state: of the session.
        details: what does not change: robot, folder, ...
        drives_by_keys: whether the keyboard is what the robot is driven with.
        pose: where the hand is, in words.
        typing: label and text of a line being typed; None while there is none.
    """
    symbol, style = _STYLES[state.phase]
    colour = "red" if state.phase is Phase.STOPPED else style.removeprefix("bold ")
    parts: list[RenderableType] = [_head(state, symbol, style), _prompt(state, colour)]
    parts.append(_figures(state.gauges))
    if pose:
        parts.append(Text(pose, style="dim", no_wrap=True, overflow="ellipsis"))
    if state.coverage:
        parts.append(_Coverage(state.coverage))
    parts.append(_line(state, typing))
    title = " · ".join(escape(each) for each in (state.mode, details.get("robot", ""), state.operator) if each)
    return Group(
        Panel(
            Group(*parts),
            title=f"[bold]{title}[/]",
            subtitle=escape(details.get("folder", "")),
            title_align="left",
            subtitle_align="right",
            border_style=colour,
            box=box.ROUNDED,
            padding=(0, 1),
        ),
        _Keys(keys_of(state, drives_by_keys=drives_by_keys)),
    )


def _head(state: SessionState, symbol: str, style: str) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column(justify="left")
    line.add_column(justify="right")
    minutes, seconds = divmod(state.seconds, 60.0)
    now = Text.assemble((f" {symbol} {state.phase.upper()} ", style), f"  {minutes:02.0f}:{seconds:04.1f}")
    bar = _bar(state.num_kept / state.target, "green")
    counts = Text.assemble(("kept ", "dim"), (f"{state.num_kept} of {state.target}", "bold"), " ", bar)
    line.add_row(now, counts)
    words = Text(f" success {state.num_success}  failure {state.num_failure}  unsure {state.num_unsure}", style="dim")
    words.append(f"  discarded {state.num_discarded} now")
    return Group(line, Text(f" {state.task}", style="italic", overflow="ellipsis", no_wrap=True), words)


def _prompt(state: SessionState, colour: str) -> RenderableType:
    if state.phase is Phase.COUNTDOWN:
        return Align.center(Text(big_number(max(1, math.ceil(state.seconds))), style=f"bold {colour}"))
    words = Text(state.prompt, style="bold", justify="center")
    if state.stop_reason:
        cause = Text.assemble((f"STOPPED, {state.stop_reason}", "bold red"), justify="center")
        words = Text.assemble(
            cause, "\n", words, f": press {CLEAR}" if Wish.CLEAR in state.wishes else "", justify="center"
        )
    return Panel(Align.center(words, vertical="middle"), box=box.HEAVY, border_style=colour, height=_PROMPT_LINES)


def _figures(gauges: Sequence[Gauge]) -> Text:
    line = Text(overflow="ellipsis", no_wrap=True)
    for gauge in gauges:
        value = "-" if gauge.value is None else f"{gauge.value:.1f}" if gauge.unit == "Hz" else f"{gauge.value:.0f}"
        line.append(f"{_SHORT.get(gauge.name, gauge.name)} ", style="dim")
        line.append(f"{value} {gauge.unit}", style="bold red" if gauge.is_alarming else "green")
        line.append("  ")
    return line


class _Coverage:
    """Two columns of bars; on a terminal too narrow for them, what is missing in a line."""

    def __init__(self, coverage: Sequence[Coverage]) -> None:
        self._coverage = coverage

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if options.max_width < _LEAST_FOR_BARS:
            yield self._in_a_line()
            return
        table = Table.grid(expand=True, padding=(0, 1))
        half = (len(self._coverage) + 1) // 2
        for left, right in zip(self._coverage[:half], [*self._coverage[half:], None], strict=False):
            table.add_row(*_covered(left), *(_covered(right) if right is not None else ()))
        yield table

    def _in_a_line(self) -> Text:
        missing = [each.name for each in self._coverage if each.value < each.target]
        if not missing:
            return Text("play shows all that was asked for", style="green", no_wrap=True, overflow="ellipsis")
        return Text(f"{len(missing)} missing: {', '.join(missing)}", style="red", no_wrap=True, overflow="ellipsis")


def _covered(coverage: Coverage) -> tuple[Text, Text, Text]:
    share = coverage.value / coverage.target
    colour = "green" if share >= 1 else "yellow" if share >= 0.5 else "red"
    digits = 1 if coverage.unit == "/100" else 0
    unit = " %" if coverage.unit == "%" else ""
    value = f"{coverage.value:.{digits}f} of {coverage.target:.{digits}f}{unit}"
    return Text(coverage.name, no_wrap=True), _bar(share, colour), Text(value, style=colour, no_wrap=True)


def _line(state: SessionState, typing: tuple[str, str] | None) -> Text:
    if typing is not None:
        label, text = typing
        return Text.assemble(
            (f"{label}: ", "bold"), text[-60:], ("▏", "blink"), ("  enter takes it, esc drops it", "dim")
        )
    alarms = "; ".join(f"{each.name}: {each.detail}" for each in state.gauges if each.is_alarming and each.detail)
    words = state.message or alarms
    if len(words) > _LONGEST_MESSAGE:
        words = f"{words[:_LONGEST_MESSAGE]}…"
    return Text(words, style="yellow", overflow="fold")


class _Keys:
    """Keys and what they do, never parted at the end of a line."""

    def __init__(self, keys: Iterable[tuple[str, str]]) -> None:
        self._keys = tuple(keys)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        line = Text()
        for key, what in self._keys:
            item = Text.assemble((f" {key} ", "bold reverse"), f" {what}   ")
            if line and line.cell_len + item.cell_len > options.max_width:
                yield line
                line = Text()
            line.append_text(item)
        yield line


def _bar(share: float, colour: str) -> Text:
    filled = round(_BAR * min(max(share, 0.0), 1.0))
    return Text.assemble(("━" * filled, colour), ("━" * (_BAR - filled), "bright_black"))
