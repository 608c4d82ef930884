"""One library behind each door."""
