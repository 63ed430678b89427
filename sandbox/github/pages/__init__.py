"""The sandbox's GitHub as a person sees it in a browser: repositories, pull requests, and forms to act on them.

There is no signing in: whoever opens a page says in the form as whom they act. It is a sandbox on loopback.
"""

from sandbox.github.pages.site import mount

__all__ = ["mount"]
