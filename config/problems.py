"""What is wrong with a declaration, where, and what to write instead. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong. Line and column count from 1; `suggestion` is what to write instead, where that is known."""

    path: str
    line: int
    column: int
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        remedy = f"; write {self.suggestion}" if self.suggestion else ""
        return f"{self.path}:{self.line}:{self.column}: {self.message}{remedy}"


class ConfigError(Exception):
    """The file cannot be in force. `problems`: everything wrong with it, in the order of the text."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
