"""An SDK client made as a remote's options say, and how often it tries."""

import json
from collections.abc import Iterable
from typing import Any

from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage
from google.cloud.storage.batch import Batch
from google.cloud.storage.exceptions import InvalidResponse
from google.oauth2.credentials import Credentials as UserCredentials
from google.oauth2.service_account import Credentials as ServiceCredentials
from requests.adapters import HTTPAdapter

from dvclite.errors import RemoteSetupError
from dvclite.remote.address import Address
from dvclite.remote.requests import Requests
from dvclite.remote.waiting import LONGEST, wait_as_asked
from dvclite_gcs.errors import NotGoogleError, is_passing, wish_of
from dvclite_gcs.options import GCSOptions
from dvclite_gcs.sending import body_to_send

TIMEOUT = (10.0, 60.0)
"""Seconds for making a connection, and of silence after which one counts as dead."""

_CONNECTIONS = 64
"""How many connections are kept open. More threads than that still work, less quickly."""

_TRIES = 4


class _Adapter(HTTPAdapter):
    """Sends requests, and counts them."""

    def __init__(self, requests: Requests) -> None:
        super().__init__(pool_maxsize=_CONNECTIONS)
        self._requests = requests

    def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
        """Send a request and return the answer."""
        self._requests.count()
        request.body = body_to_send(request.body)
        return super().send(request, **options)


def connect(address: Address, options: GCSOptions, requests: Requests) -> storage.Client:
    """Return a client, which any number of threads may use.

    Finding credentials may take a request to where they come from.

    Args:
        address: Where the remote is.
        options: What the client is like.
        requests: Is told of every request.

    Raises:
        RemoteSetupError: The file of credentials cannot be read, or holds none that can be used.
        google.auth.exceptions.GoogleAuthError: There are no credentials.
    """
    client = storage.Client(
        project=options.projectname or None,
        credentials=_credentials(address, options),
        client_options={"api_endpoint": options.endpointurl} if options.endpointurl else None,
        _http=_anonymous_session() if options.allow_anonymous_login else None,
    )
    # It would ask for the bucket in a thread of its own, to name it in traces that nobody takes.
    client._bucket_metadata_cache = None  # noqa: SLF001
    session = client._http  # noqa: SLF001  the documented way to widen its pool of connections
    if not session.is_mtls:
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(requests))
    return client


def _anonymous_session() -> AuthorizedSession:
    # Where nothing can be refreshed, trying to only loses the answer, and a connection with it.
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return AuthorizedSession(nobody, max_refresh_attempts=0)  # type: ignore[no-untyped-call]


def _credentials(address: Address, options: GCSOptions) -> Any:
    if options.allow_anonymous_login:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    if not options.credentialpath:
        return None
    # Other kinds can name programs and addresses: those are for the environment to choose.
    kinds: dict[str, Any] = {
        "service_account": ServiceCredentials.from_service_account_info,
        "authorized_user": UserCredentials.from_authorized_user_info,
    }
    try:
        with open(options.credentialpath, encoding="utf-8") as file:
            info = json.load(file)
        return kinds[info["type"]](info)
    except OSError as error:
        raise RemoteSetupError(
            address.url,
            f"{options.credentialpath} cannot be read: {error.strerror or error}",
            hint="see that the file is there and that you may read it, or correct credentialpath",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RemoteSetupError(
            address.url,
            f"{options.credentialpath} holds neither a service account's key nor a user's credentials",
            hint="for credentials of another kind leave credentialpath away and set"
            " GOOGLE_APPLICATION_CREDENTIALS",
        ) from error


class Patience:
    """How much of failing one operation bears: so many times in a row without getting anywhere."""

    def __init__(self, requests: Requests) -> None:
        """Bear what an operation may bear; `requests` is told of tries again."""
        self._left = _TRIES
        self._requests = requests

    def renew(self) -> None:
        """Take note that something moved."""
        self._left = _TRIES

    def retry(self) -> Retry:
        """Return the policy to hand to the SDK."""
        return Retry(
            predicate=self._bears, initial=0.2, maximum=8.0, multiplier=2.0, timeout=float("inf")
        )

    def _bears(self, error: Exception) -> bool:
        self._left -= 1
        wish = wish_of(error)
        if self._left <= 0 or not is_passing(error) or wish > LONGEST:
            return False
        if isinstance(error, InvalidResponse):
            error.response.close()  # The SDK would leave an answer that it does not read.
        self._requests.repeat()
        if wish:
            wait_as_asked(wish)  # The SDK looks at no such wish, and waits for its own time then.
        return True


class Deletions(Batch):  # type: ignore[misc]  # it comes without types
    """Many deletions in one request, whose answers can be looked at."""

    def __init__(
        self, client: storage.Client, bucket: storage.Bucket, names: Iterable[str]
    ) -> None:
        super().__init__(client)
        self.answers: list[Any] = []
        with self:
            for name in names:
                bucket.delete_blob(name, timeout=TIMEOUT, retry=None)

    def finish(self, raise_exception: bool = True) -> list[Any]:  # noqa: ARG002, FBT001, FBT002
        """Send the request; the answers tell what became of each.

        Raises:
            NotGoogleError: There are none.
        """
        try:
            self.answers = super().finish(raise_exception=False)
        except ValueError as error:
            raise NotGoogleError from error
        return self.answers
