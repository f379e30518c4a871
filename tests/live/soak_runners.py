"""`make soak`: eight runners at one account for ten minutes, or for as long as RUNNERS_S says."""

import os
import tempfile
from pathlib import Path

from tests.live.runners import Crowd, let_them_try

CROWD = Crowd(runners=8, others=3, seconds=600, reign_s=30)


def main() -> None:
    seconds = float(os.environ.get("RUNNERS_S", CROWD.seconds))
    crowd = Crowd(
        runners=CROWD.runners, others=CROWD.others, seconds=seconds, reign_s=CROWD.reign_s
    )
    with tempfile.TemporaryDirectory() as folder:
        tally, orders = let_them_try(Path(folder), crowd)
    print(
        f"{crowd.runners} runners at one account, {crowd.others} of them on databases of their own,"
        f" {seconds:.0f} s: {orders} orders, {tally.reigns} traders killed, sent away"
        f" {tally.refused} times, never two at once, {len(tally.errors)} lock errors"
    )
    assert tally.errors == [], tally.errors


if __name__ == "__main__":
    main()
