"""Every source of credentials that the settings name, in the order in which they are asked."""

from pathlib import Path

import aiohttp

from bot.clock import Clock
from bot.credentials.aws import EcrCredentials
from bot.credentials.azure import AcrCredentials
from bot.credentials.files import FileCredentials, NamedLogins
from bot.credentials.google import GoogleCredentials
from bot.credentials.port import CredentialSource, FirstOf
from bot.credentials.pull_secrets import PullSecrets, SecretReader
from config.registries import GOOGLE_KEY, PULL_SECRETS, Cloud, RegistrySettings
from config.settings import REGISTRY_CREDENTIALS, SettingsError


def registry_credentials(
    registries: RegistrySettings,
    session: aiohttp.ClientSession,
    clock: Clock,
    *,
    file: Path | None,
    secrets: SecretReader | None,
) -> CredentialSource:
    """Environment, `file`, pull secrets, clouds: the first that knows a host. `secrets` None: there is no cluster.

    Raises SettingsError, naming the variable, where a file cannot be read or a Secret is named without a cluster.
    """
    sources: list[CredentialSource] = []
    try:
        sources.append(NamedLogins(registries.logins))
    except (OSError, ValueError) as error:
        raise SettingsError(f"CAISSON_REGISTRY_…_PASSWORD_FILE: {error}") from error
    if file is not None:
        try:
            sources.append(FileCredentials(file))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{REGISTRY_CREDENTIALS}: {file}: {error}") from error
    if registries.pull_secrets:
        if secrets is None:
            raise SettingsError(f"{PULL_SECRETS}: there is no cluster to read them from: set CAISSON_KUBECONFIG")
        sources.append(PullSecrets(secrets, clock, names=registries.pull_secrets))
    return FirstOf([*sources, *_clouds(registries, session, clock)])


def _clouds(registries: RegistrySettings, session: aiohttp.ClientSession, clock: Clock) -> list[CredentialSource]:
    """Only those switched on: an exchange hands out our identity's token for hosts that strangers name."""
    sources: list[CredentialSource] = []
    if Cloud.AWS in registries.clouds:
        sources.append(EcrCredentials(session, clock, accounts=registries.aws_accounts))
    if Cloud.GCP in registries.clouds:
        try:
            sources.append(GoogleCredentials(session, clock, key_file=registries.google_key))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{GOOGLE_KEY}: {registries.google_key}: {error}") from error
    if Cloud.AZURE in registries.clouds:
        sources.append(AcrCredentials(session, clock, identity=registries.azure))
    return sources
