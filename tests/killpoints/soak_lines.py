"""`make soak`: a life ended at every seventh line of the path from plan to answer."""

import tempfile
from pathlib import Path

from tests.killpoints.test_lines import try_every

NTH = 7


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tried = try_every(NTH, Path(folder))
    print(f"{tried} ends, one at every {NTH}th line; none broke a promise")


if __name__ == "__main__":
    main()
