"""Conformance of the kernel to the Jupyter protocol, driven by its real clients."""
