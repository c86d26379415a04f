"""From a claimed job to its finished row: the supervisor, and its handle on the engine child. No torch here."""
