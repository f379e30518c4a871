"""BTCTurk over HTTP."""
