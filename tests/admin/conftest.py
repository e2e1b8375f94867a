"""An office on a real socket, empty before each test, and browsers for its pages."""

from tests.oauth.conftest import office, running_office

__all__ = ["office", "running_office"]
