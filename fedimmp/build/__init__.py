"""Wiring: a configuration becomes an App, and an App a web application with every route."""

from fedimmp.build.office import build, database_url, prepare_schema
from fedimmp.build.site import ROUTES, web_app

__all__ = ["ROUTES", "build", "database_url", "prepare_schema", "web_app"]
