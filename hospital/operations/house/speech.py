"""How the house speaks on the terminal: one line a step, the time of what takes long, one clear sentence of trouble."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Trouble(Exception):
    """Something that a person must settle; its text is the one sentence they read."""


def say(text: str = "") -> None:
    print(text, flush=True)


def last_lines(log: Path, count: int = 15) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-count:])


def step(title: str, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path) -> None:
    """Run one command to its end; its output goes to `log`, its progress to the terminal."""
    lively = sys.stdout.isatty()
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    if not lively:
        say(f"{title} ...")
    with log.open("wb") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, env=dict(env), cwd=cwd)  # fmt: skip
        try:
            frame = 0
            while True:
                try:
                    code = process.wait(timeout=0.1 if lively else None)
                    break
                except subprocess.TimeoutExpired:
                    frame += 1
                    _draw(f"{_FRAMES[frame % len(_FRAMES)]} {title} ({time.monotonic() - started:.0f} s)  {_tail(log)}")
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if lively:
        _draw("")
    if code != 0:
        raise Trouble(f"{title} failed. The end of {log}:\n{last_lines(log)}")
    say(f"✓ {title} ({time.monotonic() - started:.0f} s)")


def _draw(text: str) -> None:
    width = _width()
    sys.stdout.write("\r\033[K" + text[:width])
    sys.stdout.flush()


def _width() -> int:
    import shutil

    # Chinese letters are two columns wide: half of the line is sure to fit.
    return max(20, shutil.get_terminal_size((100, 24)).columns * 2 // 3)


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 400))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
