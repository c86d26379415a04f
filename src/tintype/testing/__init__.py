"""Stand-ins for the parts that need a model, for tests of ours and of others.

:class:`FakePainter` is a worker without an engine, inside the test's own process. :mod:`tintype.testing.engine` is an
engine child without a model: ``TINTYPE_ENGINE=tintype.testing.engine tintype serve`` is a whole server that starts in
a second and paints flat colours.
"""

from tintype.testing.painter import FakePainter, flat_pixels

__all__ = ["FakePainter", "flat_pixels"]
