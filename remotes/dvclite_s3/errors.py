"""What went wrong on S3, in the contract's few kinds of error.

`translated` is the one place where exceptions of the SDK end. Its messages are written here:
nothing is copied from an exception or an answer but codes, so that no secret can come along.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from dvclite.errors import (
    AccessDeniedError,
    KeyMissingError,
    RemoteError,
    RemoteSetupError,
    RemoteUnavailableError,
)
from dvclite.remote import meanings
from dvclite.remote.address import Address
from dvclite.remote.meanings import (
    CLOCK,
    DAMAGED,
    FAILING,
    NO_BUCKET,
    REFUSED,
    REPLACED,
    Meaning,
    tidy,
)

PERMISSIONS = {
    "read": "s3:GetObject",
    "list": "s3:ListBucket",
    "write": "s3:PutObject",
    "delete": "s3:DeleteObject",
}
"""What credentials must allow, by what is done with it."""

MISSING_KEY = frozenset({"NoSuchKey", "404", "NotFound"})
CONDITION_FAILED = frozenset({"PreconditionFailed", "412"})
BEYOND_END = frozenset({"InvalidRange", "416"})

_OPERATIONS_ON_KEYS = frozenset(
    {
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CreateMultipartUpload",
        "DeleteObjects",
        "GetObject",
        "HeadObject",
        "ListObjectsV2",
        "PutObject",
        "UploadPart",
    }
)


_DENIED = Meaning(
    AccessDeniedError,
    "access denied: the credentials do not allow {permission} there",
    "allow {permission} on the bucket {bucket}, or use credentials that have it",
)
_UNREADABLE = _DENIED._replace(
    hint="allow {permission} on the bucket {bucket}, and s3:ListBucket: without that S3 says the"
    " same of what is not there"
)
_WRONG_KEYS = Meaning(
    AccessDeniedError,
    "the credentials were refused ({code})",
    "check access_key_id and secret_access_key, or the profile, of this remote",
)
_EXPIRED = Meaning(
    AccessDeniedError,
    "the credentials have expired",
    "renew them, for instance with `aws sso login`, then run this command again",
)
_NO_KEYS = Meaning(
    AccessDeniedError,
    "no credentials found",
    "configure a profile, run `aws configure` or `aws sso login`, set AWS_ACCESS_KEY_ID and"
    " AWS_SECRET_ACCESS_KEY, or set allow_anonymous_login for a public bucket",
)
_KEYS_NOT_HAD = Meaning(
    AccessDeniedError,
    "the credentials that the configuration names could not be had ({code})",
    "check the profile, the role it assumes, and that you are logged in (`aws sso login`)",
)
_WRONG_REGION = Meaning(
    RemoteSetupError,
    "the bucket is in another region than the remote says",
    "set the option region of this remote to the bucket's own",
)
_OLD_SERVER = Meaning(
    RemoteSetupError,
    "the server does not know what was asked of it ({code})",
    "for an older S3-compatible server set request_checksum_calculation and"
    " response_checksum_validation to when_required",
)
_ARCHIVED = Meaning(
    RemoteSetupError,
    "the content is archived and cannot be read as it is",
    "restore it from the archive, or keep this bucket out of archiving rules",
)
_ENCRYPTION = Meaning(
    RemoteSetupError,
    "the server cannot use the encryption key ({code})",
    "check sse_kms_key_id, and that the credentials may use that key",
)
_UNREACHABLE = Meaning(
    RemoteUnavailableError,
    "the server cannot be reached ({code})",
    "check the network and, where it is set, the option endpointurl",
)
_BROKE_OFF = Meaning(
    RemoteUnavailableError, "the connection broke or fell silent ({code})", "try again"
)
_UNTRUSTED = Meaning(
    RemoteSetupError,
    "the server's certificate is not trusted",
    "set the option ssl_verify to a file with the certificates of who signed it",
)
_NOT_S3 = Meaning(
    RemoteSetupError,
    "what answers there does not speak S3 ({code})",
    "check the option endpointurl",
)
_BAD_SETTINGS = Meaning(
    RemoteSetupError,
    "the AWS settings make no sense ({code})",
    "check this remote's options and the AWS configuration file",
)
_BY_CODE: dict[str, Meaning] = {
    **dict.fromkeys(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "Forbidden"), _DENIED
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidSecurity", "401"),
        _WRONG_KEYS,
    ),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"), _EXPIRED),
    **dict.fromkeys(
        ("AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "301", "307"),
        _WRONG_REGION,
    ),
    "NoSuchBucket": NO_BUCKET,
    "RequestTimeTooSkewed": CLOCK,
    **dict.fromkeys(
        (
            "NotImplemented",
            "MissingContentLength",  # Ceph 16 over TLS
            "MissingContentMD5",
            "InvalidArgument",
            "XAmzContentSHA256Mismatch",
            "501",
        ),
        _OLD_SERVER,
    ),
    "InvalidObjectState": _ARCHIVED,
    **dict.fromkeys(("PreconditionFailed", "412"), REPLACED),
    **dict.fromkeys(("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch"), DAMAGED),
    **dict.fromkeys(
        (
            "ConditionalRequestConflict",
            "IncompleteBody",
            "InternalError",
            "NoSuchUpload",
            "OperationAborted",
            "RequestLimitExceeded",
            "RequestTimeout",
            "ServiceUnavailable",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "TooManyRequests",
            "429",
        ),
        FAILING,
    ),
}

_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Meaning], ...] = (
    ((sdk.NoCredentialsError, sdk.NoAuthTokenError), _NO_KEYS),
    (
        (sdk.UnauthorizedSSOTokenError, sdk.SSOTokenLoadError, sdk.TokenRetrievalError),
        _EXPIRED,
    ),
    (
        (
            sdk.CredentialRetrievalError,
            sdk.MetadataRetrievalError,
            sdk.PartialCredentialsError,
            sdk.RefreshWithMFAUnsupportedError,
            sdk.SSOError,
            # What `aws login` left behind; older SDKs do not have it.
            getattr(sdk, "LoginError", sdk.SSOError),
        ),
        _KEYS_NOT_HAD,
    ),
    ((sdk.SSLError,), _UNTRUSTED),
    (
        (sdk.EndpointConnectionError, sdk.ConnectTimeoutError, sdk.ProxyConnectionError),
        _UNREACHABLE,
    ),
    ((sdk.FlexibleChecksumError, sdk.ChecksumError), DAMAGED),
    ((sdk.IncompleteReadError, sdk.HTTPClientError, sdk.ConnectionError, HTTPError), _BROKE_OFF),
    ((ResponseParserError,), _NOT_S3),
    ((sdk.BotoCoreError,), _BAD_SETTINGS),
)


@contextmanager
def translated(address: Address, action: str, key: str = "") -> Iterator[None]:
    """Run a block in which the SDK is used; let nothing of it out.

    Args:
        address: Where the remote is.
        action: What the block does there, as `PERMISSIONS` names it.
        key: What it does that with; empty where it is not one key.

    Raises:
        RemoteError: As the contract has it, in place of the SDK's exceptions.
    """
    try:
        yield
    except sdk.ClientError as error:
        if code_of(error) in MISSING_KEY and key and action == "read":
            raise KeyMissingError(address.url, key) from error
        raise _meaning_of_answer(error, action).error(
            address, permission=PERMISSIONS[action], key=key, code=_described(error)
        ) from error
    except (sdk.BotoCoreError, ResponseParserError, HTTPError) as error:
        meaning = next(meaning for types, meaning in _BY_TYPE if isinstance(error, types))
        raise meaning.error(
            address, permission=PERMISSIONS[action], key=key, code=type(error).__name__
        ) from error


def code_of(error: sdk.ClientError) -> str:
    """Return the code of an answer that is an error: S3's own, or the HTTP status."""
    return tidy(error.response.get("Error", {}).get("Code", ""))


def expected(answer: Mapping[str, Any], name: str) -> Any:
    """Return what every answer of that kind has: without it, something else than S3 answered.

    The SDK takes a page of HTML for an empty listing, as the login of a hotel's network serves.

    Raises:
        botocore.parsers.ResponseParserError: It is not there.
    """
    if name not in answer:
        raise ResponseParserError(f"the answer has no {name}")
    return answer[name]


def is_passing(code: str) -> bool:
    """Say whether another try may succeed after an answer with that code."""
    return _by_code(code, 0).kind is RemoteUnavailableError


def not_deleted(address: Address, refusals: Sequence[Any]) -> RemoteError:
    """Return the error for keys that a batched deletion left.

    Args:
        address: Where the remote is.
        refusals: The answer's list of keys with codes; the first decides what is wrong.
    """
    code = tidy(refusals[0].get("Code", ""))
    return _by_code(code, 0).error(
        address,
        permission=PERMISSIONS["delete"],
        key=str(refusals[0].get("Key", "")).removeprefix(address.prefix),
        code=code,
        also=meanings.not_deleted(len(refusals)),
    )


def _meaning_of_answer(error: sdk.ClientError, action: str) -> Meaning:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if error.operation_name not in _OPERATIONS_ON_KEYS and status < 500:
        return _KEYS_NOT_HAD
    meaning = _by_code(code_of(error), status)
    if meaning is _DENIED and action == "read":
        return _UNREADABLE
    if meaning is _WRONG_REGION:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        region = tidy(
            headers.get("x-amz-bucket-region") or error.response["Error"].get("Region", "")
        )
        if region:
            return meaning._replace(hint=f"set the option region of this remote to {region}")
    return meaning


def _by_code(code: str, status: int) -> Meaning:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code.startswith("KMS."):
        return _ENCRYPTION
    if status >= 500 or (code.isdigit() and int(code) >= 500):
        return FAILING
    return _DENIED if status == 403 else REFUSED


def _described(error: sdk.ClientError) -> str:
    return f"{error.operation_name}: {code_of(error)}"
