"""Google Cloud Storage buckets as remotes.

`open` is what the entry point names. Nothing here loads an SDK: google-cloud-storage comes with
the module `dvclite_gcs.remote`, which is imported when a remote is opened.
"""

from collections.abc import Mapping

from dvclite.errors import RemoteSetupError
from dvclite.remote import Remote
from dvclite_gcs.options import parse_options, parse_url


def open(url: str, options: Mapping[str, str]) -> Remote:
    """Return the remote at `url`, without touching the network.

    Args:
        url: `gs://bucket` or `gs://bucket/prefix`; the prefix is taken as it is written.
        options: What `dvclite_gcs.options.GCSOptions` lists, under the names that DVC gives them.

    Raises:
        RemoteSetupError: The address or an option makes no sense, or google-cloud-storage is not
            installed.
    """
    address = parse_url(url)
    settings = parse_options(address.url, options)
    try:
        from dvclite_gcs.remote import GCSRemote
    except ImportError as error:
        # A part of the SDK that is missing shows as a name that its namespace lacks.
        if error.name is None or error.name.partition(".")[0] not in {"google", "requests"}:
            raise
        raise RemoteSetupError(
            address.url,
            "Google Cloud Storage needs google-cloud-storage, which is not installed",
            hint="run `pip install 'dvclite[gcs]'`",
        ) from error
    return GCSRemote(address, settings)
