"""The use cases: the only place where reading and writing meet the maths. Each takes a client's context."""
