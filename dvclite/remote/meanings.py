"""What went wrong in a bucket, in the contract's few kinds of error.

A plugin says which of its SDK's exceptions means what. Messages are written here and there, and
nothing is copied into them but tidied codes, so that no secret can come along.
"""

import re
from typing import NamedTuple

from dvclite.errors import RemoteError, RemoteSetupError, RemoteUnavailableError
from dvclite.remote.address import Address


class Meaning(NamedTuple):
    """An error of the contract, and what it says.

    `{permission}`, `{bucket}` and `{code}` in the texts are filled in.
    """

    kind: type[RemoteError]
    reason: str
    hint: str = ""

    def error(
        self, address: Address, *, permission: str, key: str = "", code: str = "", also: str = ""
    ) -> RemoteError:
        """Return the error.

        Args:
            address: Where the remote is.
            permission: What credentials must allow for what was done there.
            key: What it was done with; empty where it was not one key.
            code: How the server or the SDK calls what is wrong.
            also: What else is to be said of it.
        """
        facts = {"permission": permission, "bucket": address.bucket, "code": code}
        reason = self.reason.format(**facts) + also
        return self.kind(address.url, reason, key=key, hint=self.hint.format(**facts))


NO_BUCKET = Meaning(
    RemoteSetupError,
    "there is no bucket {bucket}",
    "create the bucket, or correct the remote's url",
)
CLOCK = Meaning(
    RemoteSetupError,
    "this machine's clock differs too much from the server's",
    "set the clock, then run this command again",
)
FAILING = Meaning(
    RemoteUnavailableError, "the server is failing or busy ({code})", "try again later"
)
DAMAGED = Meaning(RemoteUnavailableError, "bytes were damaged on their way ({code})", "try again")
REPLACED = Meaning(
    RemoteUnavailableError, "the content was replaced while it was read", "try again"
)
REFUSED = Meaning(RemoteSetupError, "the server refused the request ({code})")


def wish(seconds: float) -> str:
    """Return what to add to the error of a server that asks to be left alone for so long."""
    return f"; it asks to be left alone for {seconds:,.0f} s"


def others_left(count: int) -> str:
    """Return what to add to the error of one key of so many that a batched deletion left."""
    return f"; {count:,} keys were not deleted" if count > 1 else ""


def tidy(word: object) -> str:
    """Return a code as it may be shown: servers are not trusted with what goes to a terminal."""
    return re.sub(r"[^A-Za-z0-9._-]", "", str(word))[:60]
