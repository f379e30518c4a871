"""A backtest killed at a write and run again ends as if it had not been (STAGE7 §27.3).

Here a few points are tried; `tests.killpoints.soak_backtest` tries them all.
"""

from pathlib import Path

import pytest

from tests.killpoints.rerunning import kill_and_rerun
from tests.killpoints.strace import why_not

NTH = 53
UNABLE = why_not()


@pytest.mark.skipif(bool(UNABLE), reason=UNABLE)
def test_27_3_a_backtest_killed_at_a_write_ends_in_the_same_state(tmp_path: Path) -> None:
    found = kill_and_rerun(NTH, tmp_path)
    assert found.points > 50
    assert found.tried > 3
    print(f"{found.tried} of {found.points} kill points")
