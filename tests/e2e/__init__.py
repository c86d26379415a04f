"""Real processes, real clients, the bundled model."""
