"""The report as a page: drawing is here, and nowhere else in the core."""
