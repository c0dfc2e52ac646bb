"""Lets papermill give parameters to Go notebooks."""

import papermill  # noqa: F401  first, because it imports the plugin

from .plugin import GoTranslator

__all__ = ["GoTranslator"]
