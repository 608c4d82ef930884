"""Fixtures that several tests of commands share; those who want `nowhere` ask for it."""

from command_line import nowhere, run

__all__ = ["nowhere", "run"]
