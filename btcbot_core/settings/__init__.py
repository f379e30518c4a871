"""Settings: flags over environment over `.env` over a dataset's profile over defaults.

The only reader of the environment. All problems are reported at once, by name; no value of a
secret is ever shown. Nothing below `bootstrap` sees a Settings object: it sees policies.
"""

from btcbot_core.settings.load import Loaded, known_names, load, names
from btcbot_core.settings.reading import SECRETS
from btcbot_core.settings.settings import Settings

__all__ = ["SECRETS", "Loaded", "Settings", "known_names", "load", "names"]
