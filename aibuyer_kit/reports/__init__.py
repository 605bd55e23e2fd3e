"""Reports: notebook templates run strictly and published as one self-contained page."""
