"""Who we are on GitHub: the numbers by which our own work is known. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """`app_id` marks our check runs, `bot_id` (our bot user's database id) everything else. The slug proves nothing."""

    app_id: int
    bot_id: int
    slug: str

    @property
    def email(self) -> str:
        """The address GitHub gives to commits that our App makes without naming an author."""
        return f"{self.bot_id}+{self.slug}[bot]@users.noreply.github.com"
