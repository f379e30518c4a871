"""The command as the operator runs it: a process of its own."""
