"""Runs `python -m btcbot_tui`."""

import sys

from btcbot_tui.main import main

sys.exit(main())
