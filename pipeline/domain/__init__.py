"""What is decided, and nothing that can wait, look at a clock or roll dice."""
