"""A commit on its way to production, through a branch per environment: what is promoted are merges."""

from rich.console import Console

from bot.demo import stage
from bot.demo.road import FULL_NAME, PEOPLE
from bot.demo.story import Story
from sandbox import shop

BRANCHES = {"development": "main", "staging": "staging", "production": "production"}
CONFIGURATION = """\
version: 1
pipelines:
  site:
    environments:
      development: {branch: main}
      staging: {branch: staging, after: [development], auto: true}
      production: {branch: production, after: [staging], approvals: {count: 1}}
"""
PAGE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: site\ndata:\n  greeting: "


async def branches(console: Console, *, auto: bool) -> None:
    async with stage.laptop() as (laptop, folder):
        files = {".github/caisson.yaml": CONFIGURATION, "site.yaml": f"{PAGE}hello\n"}
        kept = tuple(name for name in BRANCHES.values() if name != "main")
        repository = laptop.repository(FULL_NAME, files, people=PEOPLE, branches=kept)
        shop.deploy(laptop, FULL_NAME, branch_of={**BRANCHES, "development": "HEAD"})
        async with stage.bot(laptop, folder) as service:
            story = Story(
                laptop=laptop, repository=repository, service=service, console=console, auto=auto, pipeline="site"
            )
            await _tell(story)


async def _tell(story: Story) -> None:
    first = story.repository.branch("main")
    assert first is not None
    # What the other branches began with was promoted by nobody, so only the source is known to run something.
    calls = await story.begin(first[:7], shop.NAMES[:1])
    # Whoever wrote it may not approve it: bob does.
    sha = story.laptop.commit(story.repository, {"site.yaml": f"{PAGE}welcome\n"}, "Greet warmly", by="alice")
    story.say("commit", f"{sha[:7]} on main by alice: Greet warmly", "cyan")
    await story.runs("development", sha[:7])
    for name in shop.NAMES[1:]:
        await story.through(name, sha[:7])
    text = story.laptop.read(story.repository, str(story.repository.branch("production")), "site.yaml")
    story.end(f"production runs site {sha[:7]} and says {text.split()[-1]}", calls)
