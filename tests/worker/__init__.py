"""The supervisor on a real store and real files, with an engine that follows a script."""
