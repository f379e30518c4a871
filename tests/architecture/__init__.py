"""The rules of the house as tests: what a machine can check, no reviewer has to."""
