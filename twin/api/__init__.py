"""The HTTP service: the viewer's page, sites, features and tiles. Every route passes `twin.auth.authorise`."""

from twin.api.app import create_app

__all__ = ["create_app"]
