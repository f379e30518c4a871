"""The rooms that run things."""
