"""Views: widgets around the state and the figures; no arithmetic of their own."""
