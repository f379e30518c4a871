"""What the disk does to the store: power cuts, and calls that fail."""
