"""Reads whom Sigstore trusts: its certificate authority, its logs and its timestamps. Blocks, so it runs in a thread.

This module needs the optional extra `caisson[keyless]`.
"""

from pathlib import Path

from sigstore.errors import Error
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from bot.model import Unknown


def read_trust(trusted_root: Path | None) -> Verifier | Unknown:
    """From the operator's file, or else from Sigstore's public repository, which TUF verifies and keeps in our cache.

    The cache lies where the platform keeps it (`XDG_DATA_HOME`, `XDG_CACHE_HOME`). Unknown, with the reason, where
    nothing can be had.
    """
    try:
        if trusted_root is not None:
            return Verifier(trusted_root=TrustedRoot.from_file(str(trusted_root)))
        return Verifier.production()
    except OSError as error:
        return Unknown(f"Sigstore's keys could not be read: {error.strerror or type(error).__name__}")
    except (Error, ValueError) as error:
        if trusted_root is not None:
            return Unknown(f"{trusted_root} is no trusted root of Sigstore ({type(error).__name__})")
        remedy = "where there is no way out, give them in CAISSON_SIGSTORE_TRUSTED_ROOT_FILE"
        return Unknown(f"Sigstore's keys could not be fetched ({type(error).__name__}); {remedy}")
