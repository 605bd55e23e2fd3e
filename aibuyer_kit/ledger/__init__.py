"""What was proposed, approved, intended and done, append-only: see README.md."""
