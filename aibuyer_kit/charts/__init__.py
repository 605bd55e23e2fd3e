"""What a reader sees: tiles, tables and charts as plain specs, drawn as static SVG, HTML or live Bokeh figures."""
