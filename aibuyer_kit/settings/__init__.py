"""Settings of a workspace, read once: file, then environment, then command line."""
