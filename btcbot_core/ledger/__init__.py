"""What our money did: double entry, first in first out."""
