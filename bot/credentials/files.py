"""Logins in files, read again when a file changes: Kubernetes renews mounted Secrets under a running process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from bot.credentials.documents import Logins, parse_logins, registry_host
from bot.credentials.port import Credentials
from config.registries import Login

_MOST_BYTES = 4 * 1024 * 1024
_log = structlog.get_logger(__name__)
T = TypeVar("T")


class WatchedFile(Generic[T]):
    """What a file says, as of its last good reading. `parse` raises ValueError on what it cannot read.

    The first reading raises OSError or ValueError; a later one that fails is logged, and what was read before stands.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], T]) -> None:
        self._path = path
        self._parse = parse
        self._seen = self._mark()
        self._value = self._read()
        self._complaint = ""

    def current(self) -> T:
        try:
            seen = self._mark()
            if seen != self._seen:
                self._value = self._read()
                self._seen = seen
                self._complaint = ""
        except (OSError, ValueError) as error:
            self._complain(str(error))
        return self._value

    def _complain(self, error: str) -> None:
        """Once for each thing that is wrong, not once for each request."""
        if error != self._complaint:
            _log.warning("file_not_read", path=str(self._path), error=error)
        self._complaint = error

    def _mark(self) -> tuple[int, int, int]:
        """What changes with the content: a mounted Secret changes by a link that leads to another file."""
        found = self._path.stat()
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _read(self) -> T:
        with self._path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES} bytes")
        return self._parse(data)


class FileCredentials:
    """The operator's file of logins. Raises as `WatchedFile` does when made."""

    def __init__(self, path: Path) -> None:
        self._file: WatchedFile[Logins] = WatchedFile(path, parse_logins)

    async def for_(self, host: str, path: str) -> Credentials | None:
        return self._file.current().find(host, path)


class NamedLogins:
    """Logins whose users stand in the environment, and whose passwords stand there or in a file."""

    def __init__(self, logins: Mapping[str, Login]) -> None:
        self._users = {registry_host(host): login.username for host, login in logins.items()}
        self._passwords = {registry_host(host): _password(login) for host, login in logins.items()}

    async def for_(self, host: str, path: str) -> Credentials | None:
        del path
        password = self._passwords.get(host)
        return Credentials(username=self._users[host], secret=password()) if password else None


def _password(login: Login) -> Callable[[], str]:
    if login.password_file is not None:
        return WatchedFile(login.password_file, _one_line).current
    password = login.password or ""
    return lambda: password


def _one_line(data: bytes) -> str:
    """The file's one line, without what an editor puts behind it."""
    line = data.decode().rstrip("\r\n")
    if not line or not line.isprintable():
        raise ValueError("holds no password: write it as the only line")
    return line
