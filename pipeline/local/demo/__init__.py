"""Invented traffic through the whole real path, a view of it, and a check that believes none of it."""
