"""Shows a recording session on the terminal, and tells what became of its episodes where nobody watches."""

from contextlib import ExitStack
from types import TracebackType

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape

from clam_robot.cli.console import logs_above
from clam_robot.cli.session_view import session_view
from clam_robot.cli.teleop_view import pose_in_words
from clam_robot.specs import RobotSpec
from teleop.session_state import SessionControl
from teleop.text_entry import TextEntry

_PER_SECOND = 8.0


class SessionDisplay:
    """A context manager: live on a terminal; elsewhere lines alone.

    Args:
        control: the session.
        entry: what is being typed.
        spec: of the robot.
        console: where.
        drives_by_keys: whether the keyboard is what the robot is driven with.
    """

    def __init__(
        self, control: SessionControl, entry: TextEntry, spec: RobotSpec, console: Console, *, drives_by_keys: bool
    ) -> None:
        self._control, self._entry, self._spec, self._console = control, entry, spec, console
        self._drives_by_keys = drives_by_keys
        self._stack = ExitStack()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=_PER_SECOND, transient=True)

    def __enter__(self) -> "SessionDisplay":
        if self._console.is_terminal:
            self._stack.enter_context(logs_above(self._console))
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()
        self._stack.close()

    def tell(self, line: str) -> None:
        """Keep a line for whoever reads on."""
        self._console.print(escape(line), soft_wrap=not self._console.is_terminal)

    def _render(self) -> RenderableType:
        step, line = self._control.newest_step(), self._entry.line
        return session_view(
            self._control.state(),
            self._control.details,
            drives_by_keys=self._drives_by_keys,
            pose="" if step is None else pose_in_words(self._spec, step.observation.state),
            typing=None if line is None else (self._entry.label, line),
        )
