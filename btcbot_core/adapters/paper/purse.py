"""An account's money: free and locked amounts that never go under zero."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from btcbot_core.domain.account import Accounts, Balance
from btcbot_core.domain.errors import InvariantBrokenError
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Asset


class Pocket(msgspec.Struct):
    """One asset's amounts."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


class Purse:
    """All pockets of one account."""

    def __init__(self, name: str, free: Mapping[Asset, Decimal]) -> None:
        self.name = name
        self._pockets = {asset: Pocket(amount) for asset, amount in free.items()}
        self._shown: Accounts | None = None
        for asset in free:
            self._check(asset)

    def free(self, asset: Asset) -> Decimal:
        pocket = self._pockets.get(asset)
        return ZERO if pocket is None else pocket.free

    def lock(self, asset: Asset, amount: Decimal) -> None:
        """Hold an amount back; a negative one gives it free."""
        pocket = self._pocket(asset)
        pocket.free -= amount
        pocket.locked += amount
        self._check(asset)

    def add(self, asset: Asset, amount: Decimal) -> None:
        """Put an amount to the free money; a negative one takes it away."""
        self._pocket(asset).free += amount
        self._check(asset)

    def spend_locked(self, asset: Asset, amount: Decimal) -> None:
        """Take an amount out of what is held back."""
        self._pocket(asset).locked -= amount
        self._check(asset)

    def shown(self) -> Accounts:
        """The balances as the exchange states them, in the order of their names."""
        if self._shown is None:
            self._shown = {
                asset: Balance(asset, pocket.free, pocket.locked)
                for asset, pocket in sorted(self._pockets.items())
            }
        return self._shown

    def _pocket(self, asset: Asset) -> Pocket:
        pocket = self._pockets.get(asset)
        if pocket is None:
            pocket = self._pockets[asset] = Pocket()
        return pocket

    def _check(self, asset: Asset) -> None:
        self._shown = None
        pocket = self._pockets[asset]
        if pocket.free < ZERO or pocket.locked < ZERO:
            raise InvariantBrokenError(
                f"paper account {self.name}: {asset} free {pocket.free}, locked {pocket.locked}"
            )
