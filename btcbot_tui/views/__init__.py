"""What is drawn: pure functions from a moment to lines, one module a panel."""
