"""Reads whom Sigstore trusts: its certificate authority, its logs and its timestamps. Blocks, so it runs in a thread.

This module needs the optional extra `caisson[keyless]`.
"""

from pathlib import Path

from sigstore.errors import Error
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from bot.model import Unknown


def read_trust(trusted_root: Path | None) -> Verifier | Unknown:
    """From the operator's file, or else from Sigstore's public repository, verified by TUF and kept in the user's cache.

    Unknown where either cannot be had, with the reason.
    """
    try:
        if trusted_root is not None:
            return Verifier(trusted_root=TrustedRoot.from_file(str(trusted_root)))
        return Verifier.production()
    except OSError as error:
        return Unknown(f"Sigstore's keys could not be read: {error.strerror or type(error).__name__}")
    except (Error, ValueError) as error:
        where = (
            f"{trusted_root} is no trusted root of Sigstore" if trusted_root else "Sigstore's keys were not to be had"
        )
        return Unknown(f"{where} ({type(error).__name__})")
