"""btcbot: a trading bot for spot pairs on BTCTurk, without a screen."""

__version__ = "0.1.0"
