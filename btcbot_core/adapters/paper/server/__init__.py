"""The paper exchange over HTTP and WebSocket, in BTCTurk's own language."""
