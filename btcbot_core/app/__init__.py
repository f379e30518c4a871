"""Running it: knows ports, never adapters."""
