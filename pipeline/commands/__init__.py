"""What each command does. Imported one by one, when its command is called, so that a short one answers at once."""
