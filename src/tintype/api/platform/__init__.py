"""fal's Platform API below ``/v1``: models, prices, usage, history and keys of this server.

Which calls there are stands in :mod:`tintype.api.platform.routes`; what differs from fal's in
docs/reference/platform-api.md.
"""
