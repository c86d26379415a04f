"""fal's HTTP API. Speaks fal's words to clients and :mod:`tintype.core`'s to the store; no torch, no SQL.

A request's straight line: ``envelope`` → ``surface`` → a route of ``app`` → ``body`` → ``schemas`` → the store →
``answers``.
"""
