"""One file for each pass of :mod:`tintype.engine.accelerate`: a faster twin of a part of the plain model."""
