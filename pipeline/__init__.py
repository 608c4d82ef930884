"""Anwang: case dispatch for a social safety net."""

__version__ = "0.1.0"
