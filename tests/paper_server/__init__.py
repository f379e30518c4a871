"""The paper exchange over HTTP and WebSocket, as its clients see it."""
