"""`paper-exchange`: an exchange on this machine that speaks BTCTurk's protocol."""

import argparse
from base64 import b64encode
from pathlib import Path

from btcbot_core.bootstrap.options import demo_folder
from btcbot_core.bootstrap.paper_exchange import PaperOptions, serve_paper
from btcbot_core.cli.output import print_json
from btcbot_core.domain.errors import ExitCode

KEY = "paper-key"
SECRET = b64encode(b"a paper secret, worth nothing").decode()
"""What a rehearsal uses that names none: it opens play money on this machine only."""


def serve(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; says where, and what to set so that the bot trades here."""
    keys, secrets = arguments.key or [KEY], arguments.secret or [SECRET]
    options = PaperOptions(
        dataset=Path(arguments.dataset) if arguments.dataset else demo_folder(),
        port=arguments.port,
        speed=arguments.speed,
        seed=arguments.seed,
        keys=keys,
        secrets=secrets,
        balances=arguments.balances,
        faults=Path(arguments.faults) if arguments.faults else None,
        state=Path(arguments.state) if arguments.state else None,
    )

    def ready(port: int) -> None:
        url = f"http://127.0.0.1:{port}"
        if arguments.json:
            print_json({"url": url, "keys": keys})
        else:
            print(f"paper exchange on {url}: recorded data, play money; ctrl-c ends it")
            print(f"  export BTCTURK_BASE_URL={url} BTCTURK_API_KEY={keys[0]}")
            if not arguments.secret:
                print(f"  export BTCTURK_API_SECRET={SECRET}")
        _flush()

    serve_paper(options, ready)
    return int(ExitCode.OK)


def _flush() -> None:
    """Whoever started us waits for these lines, perhaps through a pipe."""
    print(end="", flush=True)
