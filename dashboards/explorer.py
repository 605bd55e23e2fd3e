"""Explore a client's campaigns, ad sets and ads. Serve it with `aibuyer dashboards`."""

from aibuyer_kit.dashboards.views.panel_explorer import explorer_page

explorer_page()
