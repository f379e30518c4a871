"""Recorded market data."""
