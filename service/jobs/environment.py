"""What a sweep inherits: enough to run and to reach its targets, nothing of the service's own, and the keys it was given."""

import os
import site
from collections.abc import Mapping
from pathlib import Path

from service.safety.targets import rule
from service.settings import Settings

READS_BELOW = "LLOCUST_READS_BELOW"
"""The folder outside of which a run reads no image, also where a set or a link in it leads there."""

_KEPT = frozenset(
    {
        *("PATH", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SYSTEMROOT"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)


def plain_environment(home: Path) -> dict[str, str]:
    """Of a program that asks nobody. `home`: where config files of the user who runs the service are not."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    # Where packages may be that this user installed for himself.
    return {**kept, "HOME": str(home), "PYTHONUSERBASE": site.getuserbase(), "PYTHONUNBUFFERED": "1"}


def run_environment(settings: Settings, home: Path, secrets: Mapping[str, str]) -> dict[str, str]:
    """Of a run: also its keys, whom it must not ask, and where it may read."""
    bounds = {**rule(settings).as_words(), READS_BELOW: str(settings.testsets.resolve())}
    return {**plain_environment(home), **bounds, **secrets}
