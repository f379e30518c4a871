"""The live path against the paper exchange over HTTP, as processes of their own."""
