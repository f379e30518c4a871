"""One suite a port, run on every adapter that stands behind it."""
