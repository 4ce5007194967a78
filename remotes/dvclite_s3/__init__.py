"""S3 buckets as remotes: AWS, and every server that speaks its protocol.

`open` is what the entry point names. Nothing here loads an SDK: boto3 comes with the module
`dvclite_s3.remote`, which is imported when a remote is opened.
"""

from collections.abc import Mapping

from dvclite.errors import RemoteSetupError
from dvclite.remote import Remote
from dvclite_s3.options import parse_options, parse_url


def open(url: str, options: Mapping[str, str]) -> Remote:
    """Return the remote at `url`, without touching the network.

    Args:
        url: `s3://bucket` or `s3://bucket/prefix`; the prefix is taken as it is written.
        options: What `dvclite_s3.options.S3Options` lists, under the names that DVC gives them.

    Raises:
        RemoteSetupError: The address or an option makes no sense, or boto3 is not installed.
    """
    address = parse_url(url)
    settings = parse_options(address.url, options)
    try:
        from dvclite_s3.remote import S3Remote
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"boto3", "botocore"}:
            raise
        raise RemoteSetupError(
            address.url,
            "S3 needs boto3, which is not installed",
            hint="run `pip install 'dvclite[s3]'`",
        ) from error
    return S3Remote(address, settings)
