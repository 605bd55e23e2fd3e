"""What a test may do to the practice platform beside its protocol: move its clock, break its answers, see its calls."""
