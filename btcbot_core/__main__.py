"""Runs `python -m btcbot_core`."""

import sys

from btcbot_core.cli.main import main

sys.exit(main())
