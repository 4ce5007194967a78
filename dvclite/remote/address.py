"""Where the keys of a remote are that lives in a cloud's bucket."""

import re
from dataclasses import dataclass

from dvclite.errors import RemoteSetupError


@dataclass(frozen=True, slots=True)
class Address:
    """Where a remote's keys are.

    Attributes:
        scheme: That of the URL.
        bucket: The bucket's name.
        prefix: What goes before every key; empty, or ending in `/`.
    """

    scheme: str
    bucket: str
    prefix: str

    @property
    def url(self) -> str:
        """The address as a URL without a final `/`."""
        return f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/")


def parse_address(url: str, scheme: str, names: re.Pattern[str], hint: str) -> Address:
    """Return where `url` leads.

    Args:
        url: The remote's address.
        scheme: How it has to begin.
        names: What the name of a bucket has to match.
        hint: Where to keep credentials instead, should there be some in `url`.

    Raises:
        RemoteSetupError: It is not `scheme://bucket` with or without a prefix.
    """
    bucket, _, prefix = url.removeprefix(f"{scheme}://").partition("/")
    if "@" in bucket or ":" in bucket:
        # What stands there may well be a key and its secret.
        raise RemoteSetupError(
            f"{scheme}://…",
            "the address must begin with a bucket's name, without credentials",
            hint=hint,
        )
    if not url.startswith(f"{scheme}://") or not names.fullmatch(bucket):
        raise RemoteSetupError(
            url, f"{bucket!r} is not the name of a bucket", hint=f"write {scheme}://bucket/prefix"
        )
    prefix = prefix.strip("/")
    if not prefix.isprintable() or any(part in {".", ".."} for part in prefix.split("/")):
        raise RemoteSetupError(
            f"{scheme}://{bucket}",
            "the prefix may not hold control characters or the parts . and ..",
        )
    return Address(scheme, bucket, f"{prefix}/" if prefix else "")
