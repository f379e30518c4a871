"""Worlds are closed when their test is over."""

from collections.abc import Iterator
from typing import Protocol

import pytest

from btcbot_core.ports import Clock
from tests.btcturk.loopback import Script
from tests.btcturk.world import World


class OpenWorld(Protocol):
    def __call__(
        self,
        script: Script,
        clock: Clock | None = None,
        read_s: float = 5.0,
        total_s: float = 8.0,
        tells_time: bool = True,
        connections_max: int = 8,
    ) -> World: ...


@pytest.fixture
def open_world() -> Iterator[OpenWorld]:
    worlds: list[World] = []

    def make(
        script: Script,
        clock: Clock | None = None,
        read_s: float = 5.0,
        total_s: float = 8.0,
        tells_time: bool = True,
        connections_max: int = 8,
    ) -> World:
        worlds.append(World(script, clock, read_s, total_s, tells_time, connections_max))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()
