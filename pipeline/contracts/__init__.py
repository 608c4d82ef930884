"""What the world and Anwang say to each other: frozen values and one vocabulary."""
