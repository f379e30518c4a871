"""The way to a running session from a second terminal."""

from pathlib import Path

import msgspec

from btcbot_core.adapters.control import NoRunnerError, ask, control_path
from btcbot_core.app.control import Question, Reply
from btcbot_core.settings import load as load_settings


def ask_runner(db: str | None, env_file: Path | None, question: Question) -> Reply:
    """Ask the runner of the database that flags and settings name.

    Raises NoRunnerError when none answers, or what it answers is not understood.
    """
    flags = {"STATE_DB_PATH": db} if db else {}
    database = load_settings(flags, None, env_file).settings.state_db_path
    answer = ask(control_path(database), msgspec.json.encode(question))
    try:
        return msgspec.json.decode(answer, type=Reply)
    except msgspec.DecodeError as error:
        raise NoRunnerError(f"the runner's answer is not understood: {error}") from error
