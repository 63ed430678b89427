"""The demo: a sandbox and the bot on loopback, and a story told step by step. One module for each story."""

from bot.demo.branches import branches
from bot.demo.road import road
from bot.demo.rolled_back import rolled_back
from bot.demo.story import DemoFailed

__all__ = ["DemoFailed", "branches", "road", "rolled_back"]
