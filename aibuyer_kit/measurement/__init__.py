"""What a change was made of, and what did it."""
