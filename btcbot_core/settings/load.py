"""Reading settings: flags over environment over file over dataset over defaults."""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from dotenv import dotenv_values
from pydantic import (
    AliasChoices,
    BaseModel,
    ValidationError,
)

from btcbot_core.domain.errors import ConfigError
from btcbot_core.settings.reading import (
    SECRETS,
)
from btcbot_core.settings.settings import Settings


class Loaded(BaseModel):
    """Settings, where each came from, and what looked odd while reading them."""

    settings: Settings
    sources: dict[str, str]
    warnings: tuple[str, ...]
    odd_names: frozenset[str]
    """What the file sets that is no setting."""

    def shown(self) -> dict[str, tuple[str, str]]:
        """Each setting's value as text and its source; a secret shows only that it is there."""
        values = self.settings.model_dump(mode="json")
        values |= {name.lower(): "set" for name in SECRETS if values[name.lower()]}
        return {
            name: (_shown(values["symbols" if name == "SYMBOLS" else name.lower()]), source)
            for name, source in self.sources.items()
        }


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def names() -> tuple[str, ...]:
    """The environment names of all settings, in the order in which they are declared."""
    return tuple(_canonical_name(field) for field in Settings.model_fields)


def known_names() -> frozenset[str]:
    """Every spelling under which a setting may be given."""
    return frozenset(name for field in Settings.model_fields for name in _spellings(field))


def load(
    flags: Mapping[str, str] | None = None,
    profile: Mapping[str, str] | None = None,
    env_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Read and validate everything.

    `environment` is the process's own by default; pass `{}` for a run that must not depend on
    it. Raises ConfigError with every problem at once.
    """
    env = os.environ if environment is None else environment
    from_file, warnings = _read_env_file(env_file, env_file is None and environment is not None)
    layers: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("dataset", profile or {}),
        ("file", from_file),
        ("environment", env),
        ("flag", flags or {}),
    )
    values: dict[str, str] = {}
    sources = dict.fromkeys(names(), "default")
    for source, layer in layers:
        for field in Settings.model_fields:
            for name in _spellings(field):
                if name in layer:
                    values[name_of := _canonical_name(field)] = layer[name]
                    sources[name_of] = source
                    break
    try:
        settings = Settings(**cast("dict[str, object]", _by_field(values)))  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError(*_problems(error)) from None
    odd_names = frozenset(from_file) - known_names()
    return Loaded(settings=settings, sources=sources, warnings=warnings, odd_names=odd_names)


def _canonical_name(field: str) -> str:
    return "SYMBOLS" if field == "symbols" else field.upper()


def _spellings(field: str) -> tuple[str, ...]:
    """The names under which a setting may be given, the one that wins first."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(c) for c in alias.choices if str(c).isupper())
    return (field.upper(),)


def _by_field(values: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in values.items()}


def _problems(error: ValidationError) -> list[str]:
    problems = []
    for item in error.errors():
        where = str(item["loc"][0]).upper() if item["loc"] else ""
        words = item["msg"].removeprefix("Value error, ")
        given = (
            "" if where in SECRETS or not item["loc"] else f", found {str(item['input'])[:40]!r}"
        )
        problems.append(f"{where}: {words}{given}" if where else words)
    return problems


_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")


def _read_env_file(path: Path | None, is_skipped: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """The file's values, strictly; a named file must exist, `./.env` may be absent."""
    chosen = path or Path(".env")
    if is_skipped or (path is None and not chosen.exists()):
        return {}, ()
    try:
        text = chosen.read_bytes().decode("utf-8-sig")
        mode = chosen.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{chosen}: cannot be read as text: {error}") from error
    problems, seen = [], dict[str, int]()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = _KEY.match(line)
        if key is None:
            problems.append(f"{chosen}:{number}: expected NAME=value")
        elif key[1] in seen:
            problems.append(f"{chosen}:{number}: {key[1]} was set on line {seen[key[1]]} already")
        else:
            seen[key[1]] = number
    if problems:
        raise ConfigError(*problems)
    values = {k: v or "" for k, v in dotenv_values(chosen, interpolate=False).items()}
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and any(values.get(name) for name in SECRETS):
        raise ConfigError(f"{chosen}: holds a secret and others can read it: chmod 600 {chosen}")
    known = known_names()
    odd = tuple(
        f"{chosen}:{n}: {k} is no setting of ours" for k, n in seen.items() if k not in known
    )
    return values, odd
