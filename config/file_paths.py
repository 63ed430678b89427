"""Paths of single files, as people write them: relative, with slashes, never climbing. No I/O."""

_LONGEST = 1000


class FilePathError(ValueError):
    """The text is no such path; the message says why and what to write instead."""


def parse_file_path(text: str) -> str:
    """The path with single slashes and without `.`; raises FilePathError."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/"):
        raise FilePathError(f"a path is relative, without a slash at its start; write {'/'.join(parts) or 'a file'}")
    if "\\" in text:
        raise FilePathError(f"a path is written with slashes; write {text.replace(chr(92), '/')}")
    if ".." in parts:
        raise FilePathError("a path may not climb with `..`")
    if not parts or text.endswith("/"):
        raise FilePathError("this names a folder; write the path of a file")
    if ".git" in (part.lower() for part in parts):
        raise FilePathError("nothing below .git is a file of the repository")
    if not text.isprintable() or len(text) > _LONGEST:
        raise FilePathError(f"a path has at most {_LONGEST} characters, all of them printable")
    return "/".join(parts)
