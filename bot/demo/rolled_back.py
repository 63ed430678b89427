"""Staging degrades, is rolled back, the bad release stays out, and the next one goes on. Nobody is asked."""

from rich.console import Console

from bot.demo.road import NEW, OLD, in_a_shop, push
from sandbox import shop

NEWER = "1.2.0"
GRACE = "3s"


async def rolled_back(console: Console) -> None:
    declared = f"on_degraded: rollback\nhealth: {{grace: {GRACE}}}"
    async with in_a_shop(console, auto=True, staging=declared) as story:
        calls = await story.begin(OLD)
        push(story, NEW)
        for name in shop.NAMES[:2]:
            await story.through(name, NEW)
        story.say("degrade", f"staging: web-app {NEW} is in a crash loop", "red")
        story.laptop.cluster.break_revision("web-app-staging", "crash loop")
        await story.until("the board says so", lambda: "is Degraded in staging" in story.waiting("staging"))
        story.say("waits", f"staging: {story.waiting('staging')}", "yellow")
        await story.taken("staging", await story.opened("staging", f"Roll back web-app to {OLD}"), OLD)
        told = "rolled back from"
        await story.until("the board tells of the rollback", lambda: told in story.waiting("staging"))
        story.say("stays out", f"staging: {story.waiting('staging')}", "yellow")
        push(story, NEWER)
        for name in shop.NAMES[:2]:
            await story.through(name, NEWER)
        story.end(f"staging was rolled back from web-app {NEW} to {OLD} and runs {NEWER}", calls)
