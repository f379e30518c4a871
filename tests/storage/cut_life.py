"""The life of the power-cut tests, in the given durability.

python -m tests.storage.cut_life SCENARIO FOLDER FULL|NORMAL
"""

import sys
from pathlib import Path

from btcbot_core.adapters.sqlite.database import Synchronous
from tests.killpoints.life import SCENARIOS, live


def main() -> int:
    name, folder, word = sys.argv[1:]
    level: Synchronous = "FULL" if word == "FULL" else "NORMAL"
    return live(SCENARIOS[name], Path(folder), synchronous=level).exit_code


if __name__ == "__main__":
    sys.exit(main())
