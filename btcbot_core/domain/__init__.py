"""The words: values that two rooms or more share."""
