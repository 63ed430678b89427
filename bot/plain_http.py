"""Whether a chart repository may be reached without TLS, which the operator says, not the file. No I/O."""

from collections.abc import Collection

from yarl import URL

from bot.registry_access import authority
from config.pipeline import Configuration
from config.registries import PLAIN_HTTP

_SCHEME = "http://"


def check_chart_repository(address: str, *, allowed: Collection[str]) -> None:
    """Raise ValueError where the address has no TLS and its `host[:port]` is not among those allowed."""
    host = authority(URL(address))
    if address.startswith(_SCHEME) and host not in allowed:
        raise ValueError(
            f"what comes over http:// can be changed on the way; write https://, or let the operator of Caisson name "
            f"{host} in {PLAIN_HTTP}"
        )


def needed_allowances(declared: Configuration) -> tuple[str, ...]:
    """What has to be allowed for a file, where it is not known what is: one sentence for each chart repository."""
    addresses = {chart.repository for pipeline in declared.pipelines for chart in pipeline.charts.values()}
    return tuple(
        f"{address} is reached without TLS, which works only where the operator of Caisson names "
        f"{authority(URL(address))} in {PLAIN_HTTP}"
        for address in sorted(addresses)
        if address.startswith(_SCHEME)
    )
