"""The same free ports as the launcher's own tests."""

from tests.launcher.conftest import free_port

__all__ = ["free_port"]
