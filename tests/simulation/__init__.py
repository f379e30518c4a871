"""The whole bot in one process, with virtual time, seeded faults and a checker from outside."""
