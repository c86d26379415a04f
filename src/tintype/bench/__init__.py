"""Measuring this machine: how long pictures take, in Tintype and in others. Knows no store and no jobs."""
