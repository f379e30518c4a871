"""The bot is killed at every system call that writes, and must go on as if it had not been."""
