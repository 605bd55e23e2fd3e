"""Response: what more or less spend brings, arm by arm, and how sure that is."""
