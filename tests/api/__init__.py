"""The HTTP API through its front door: a real server on loopback, a real SQLite store, real files."""
