"""Who may see what: clients and their folders, and the one handle through which everything of a client is opened."""
