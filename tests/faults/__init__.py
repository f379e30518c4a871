"""The catalogue of faults, the page drawn from it, and tests of faults that have no other home."""
