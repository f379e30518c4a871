"""A counter on the terminal for what takes longer than a moment; silent where nobody watches."""

import sys
import time

PATIENCE_S = 2.0
EVERY_S = 0.5
LOOK_EVERY = 200


class Progress:
    """Call it with how far the work has come; it speaks up only after two seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._due_s = time.monotonic() + PATIENCE_S
        self._has_spoken = False

    def __call__(self, done: int) -> None:
        if done % LOOK_EVERY:
            return
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + EVERY_S
            self._say(f"{self._what}: {done:,}")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._has_spoken and sys.stderr.isatty():
            print(file=sys.stderr)

    def _say(self, text: str) -> None:
        self._has_spoken = True
        is_terminal = sys.stderr.isatty()
        print(
            f"\r{text}" if is_terminal else text,
            end="" if is_terminal else "\n",
            file=sys.stderr,
            flush=True,
        )
