"""Bokeh's authorisation module for the Panel apps: pages are for those who call this server by a name of its own.

A page of another site can have its own name lead to this machine (DNS rebinding); its visitor's browser then asks for
the client's figures in that site's name. Bokeh checks the origin of websockets alone.
"""

import os

from tornado.web import HTTPError, RequestHandler

from aibuyer_kit.core.addresses import is_known_host

HOSTS_VARIABLE = "AIBUYER_DASHBOARD_HOSTS"
login_url = "/no-login"  # Bokeh wants one; nobody is sent there


def get_user(handler: RequestHandler) -> str:
    """Return the one user there is. Raises HTTPError 403 for a host that is neither this machine nor configured."""
    names = os.environ.get(HOSTS_VARIABLE, "").split(",")
    if not is_known_host(handler.request.host, names):
        raise HTTPError(403, "This server has another name; see the setting dashboards.hosts.")
    return "default_user"
