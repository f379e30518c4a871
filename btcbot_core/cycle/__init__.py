"""The sentence that the words make: a cycle, its steps, the stages."""
