"""A container registry on one laptop: `RegistryServer` is all that the world needs of it."""

from sandbox.registry.server import RegistryServer

__all__ = ["RegistryServer"]
