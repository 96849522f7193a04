"""A log that another process writes is moved on when it is long, and goes on being written."""

from pathlib import Path

from clam_robot.deployment.rotating_log import RotatingLog


def test_it_moves_on_and_keeps_so_many(tmp_path: Path) -> None:
    path = tmp_path / "loop.log"
    log = RotatingLog(path, max_bytes=10, num_old=2)
    with path.open("ab", buffering=0) as writer:  # stays open, as that of a process does
        for number in range(4):
            writer.write(f"line number {number}\n".encode())
            assert log.rotate() and path.stat().st_size == 0
        writer.write(b"short\n")
        assert not log.rotate()
    assert path.read_text() == "short\n"
    assert (tmp_path / "loop.log.1").read_text() == "line number 3\n"
    assert (tmp_path / "loop.log.2").read_text() == "line number 2\n"
    assert not (tmp_path / "loop.log.3").exists()


def test_the_tail_is_the_end(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "loop.log")
    assert log.tail() == "" and not log.rotate()
    log.path.write_text("a\nb\nc\n")
    assert log.tail(2) == "b\nc"
