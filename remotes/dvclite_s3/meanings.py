"""What answers of S3 and exceptions of its SDK mean, in the contract's few kinds of error."""

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from dvclite.errors import AccessDeniedError, RemoteSetupError, RemoteUnavailableError
from dvclite.remote.meanings import (
    CLOCK,
    DAMAGED,
    FAILING,
    NO_BUCKET,
    REFUSED,
    REPLACED,
    Meaning,
)

DENIED = Meaning(
    AccessDeniedError,
    "access denied: the credentials do not allow {permission} there",
    "allow {permission} on the bucket {bucket}, or use credentials that have it",
)
UNREADABLE = DENIED._replace(
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
KEYS_NOT_HAD = Meaning(
    AccessDeniedError,
    "the credentials that the configuration names could not be had ({code})",
    "check the profile, the role it assumes, and that you are logged in (`aws sso login`)",
)
WRONG_REGION = Meaning(
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
_NO_RUNTIME = Meaning(
    RemoteSetupError,
    "what the AWS configuration asks for needs the AWS Common Runtime, which is not installed",
    "run `pip install 'boto3[crt]'`",
)
_BY_CODE: dict[str, Meaning] = {
    **dict.fromkeys(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "Forbidden"), DENIED
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidSecurity", "401"),
        _WRONG_KEYS,
    ),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"), _EXPIRED),
    **dict.fromkeys(
        ("AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "301", "307"),
        WRONG_REGION,
    ),
    **dict.fromkeys(("302", "308"), _NOT_S3),
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
        KEYS_NOT_HAD,
    ),
    ((sdk.SSLError,), _UNTRUSTED),
    (
        (sdk.EndpointConnectionError, sdk.ConnectTimeoutError, sdk.ProxyConnectionError),
        _UNREACHABLE,
    ),
    ((sdk.FlexibleChecksumError, sdk.ChecksumError), DAMAGED),
    ((sdk.IncompleteReadError, sdk.HTTPClientError, sdk.ConnectionError, HTTPError), _BROKE_OFF),
    ((ResponseParserError,), _NOT_S3),
    ((sdk.MissingDependencyException,), _NO_RUNTIME),
    ((sdk.BotoCoreError,), _BAD_SETTINGS),
)


def of_code(code: str, status: int = 0) -> Meaning:
    """Return what an answer means.

    Args:
        code: S3's own, or the HTTP status.
        status: The HTTP status; 0 if it is not known.
    """
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code.startswith("KMS."):
        return _ENCRYPTION
    if status >= 500 or (code.isdigit() and int(code) >= 500):
        return FAILING
    return DENIED if status == 403 else REFUSED


def of_exception(error: Exception) -> Meaning:
    """Return what an exception of the SDK means that is not an answer."""
    return next(meaning for types, meaning in _BY_TYPE if isinstance(error, types))
