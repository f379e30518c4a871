"""The store in dictionaries."""
