"""Pure derivations from facts: what a model or a rule may know, as of a moment."""
