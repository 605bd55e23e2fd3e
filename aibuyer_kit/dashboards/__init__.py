"""Dashboards: what is chosen (state), what it shows (figures), and the views that draw it (Panel, ipywidgets)."""
