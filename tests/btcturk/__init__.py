"""Tests of the BTCTurk adapter: its wire, its client, and what it answers when things go wrong."""
