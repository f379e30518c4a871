"""The witness of a database: a small file beside it that no restored copy changes unseen."""

from pathlib import Path

import msgspec

from btcbot_core.adapters.files import read_small, real_path, write_whole
from btcbot_core.domain.errors import StoreError
from btcbot_core.domain.witness import Witness

_CONTENT_MAX = 4096


def witness_path(database: Path) -> Path:
    """The witness of a database stands beside it, wherever a link to the database points."""
    real = real_path(database)
    return real.with_name(real.name + ".witness")


class FileWitness:
    """Written by the one process that holds the database's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Witness | None:
        """None where there is none. Raises StoreError for one that cannot be understood."""
        try:
            return msgspec.json.decode(read_small(self.path, _CONTENT_MAX), type=Witness)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{self.path} cannot be read ({error}), and without it nobody knows whether the"
                " database is complete: look at both, then `btcbot-core restored`"
            ) from error

    def write(self, witness: Witness) -> None:
        """Durable when it returns. Raises StoreError; then what it said before still stands."""
        try:
            write_whole(self.path, [msgspec.json.encode(witness).decode(), "\n"])
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror}), so no order may leave:"
                " free some space, or check the permissions of its folder"
            ) from error
