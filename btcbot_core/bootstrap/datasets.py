"""What commands about datasets need: make one up, check one."""

from datetime import datetime
from pathlib import Path

import msgspec

from btcbot_core.adapters.replay.synthetic import Recipe, Scenario, write_dataset
from btcbot_core.adapters.replay.validation import Validation, validate
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.symbol import NotASymbolError, symbol_from
from btcbot_core.ports import Progress

__all__ = ["Validation", "make_up", "validate"]


def make_up(
    folder: Path,
    scenario: str,
    symbols: str | None,
    numbers: dict[str, int],
    start: datetime | None,
    *,
    force: bool,
    progress: Progress,
) -> None:
    """Write a made-up dataset. `numbers` are fields of the recipe by name.

    Raises ConfigError for what was asked, DatasetError for a folder that holds something.
    """
    try:
        pairs = tuple(symbol_from(name) for name in symbols.split(",")) if symbols else None
    except NotASymbolError as error:
        raise ConfigError(f"--symbols: {error}") from error
    recipe = msgspec.structs.replace(Recipe(scenario=Scenario(scenario)), **numbers)
    if pairs is not None:
        recipe = msgspec.structs.replace(recipe, symbols=pairs)
    if start is not None:
        recipe = msgspec.structs.replace(recipe, start=start)
    write_dataset(folder, recipe, force=force, progress=progress)
