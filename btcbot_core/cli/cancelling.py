"""`cancel-own`: pull our own open orders when no runner does."""

import argparse
from pathlib import Path

from btcbot_core.app.cancelling import Pulled
from btcbot_core.bootstrap.cancelling import cancel_own
from btcbot_core.cli.output import plain, print_json
from btcbot_core.domain.errors import ExitCode
from btcbot_core.domain.money import canonical


def cancel(arguments: argparse.Namespace) -> int:
    """Cancel, show each answer, look again; 0 when nothing of ours is open any more."""
    told: list[Pulled] = []

    def tell(pulled: Pulled) -> None:
        told.append(pulled)
        if not arguments.json:
            view, answer = pulled.view, pulled.answer
            size = f"{canonical(view.left_qty)} at {canonical(view.price)}"
            words = plain(f"{answer.kind} {answer.code} {answer.message}".rstrip())
            print(f"cancel {view.symbol} {view.side} {size}: {words}")

    left = cancel_own(arguments.db, Path(arguments.env_file) if arguments.env_file else None, tell)
    if arguments.json:
        print_json({"asked": len(told), "still_open": left})
    else:
        print(f"{len(left)} of our orders are still open" if left else "none of ours is open")
    return int(ExitCode.NO if left else ExitCode.OK)
