"""Measurements; `make bench` runs them all and prints what they found."""
