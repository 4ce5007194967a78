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

from dvclite.errors import KeyMissingError, RemoteError, RemoteUnavailableError
from dvclite.remote.address import Address
from dvclite.remote.meanings import FAILING, Meaning, others_left, tidy, wish
from dvclite_s3 import meanings
from dvclite_s3.patience import AskedToWaitError

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
    except AskedToWaitError as error:
        code, seconds = error.kwargs["code"], error.kwargs["seconds"]
        raise FAILING.error(
            address, permission=PERMISSIONS[action], key=key, code=tidy(code), also=wish(seconds)
        ) from error
    except (sdk.BotoCoreError, ResponseParserError, HTTPError) as error:
        raise meanings.of_exception(error).error(
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
    return meanings.of_code(code).kind is RemoteUnavailableError


def not_deleted(address: Address, refusals: Sequence[Any]) -> RemoteError:
    """Return the error for keys that a batched deletion left.

    Args:
        address: Where the remote is.
        refusals: The answer's list of keys with codes; the first decides what is wrong.
    """
    code = tidy(refusals[0].get("Code", ""))
    return meanings.of_code(code).error(
        address,
        permission=PERMISSIONS["delete"],
        key=str(refusals[0].get("Key", "")).removeprefix(address.prefix),
        code=code,
        also=others_left(len(refusals)),
    )


def _meaning_of_answer(error: sdk.ClientError, action: str) -> Meaning:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if error.operation_name not in _OPERATIONS_ON_KEYS and status < 500:
        return meanings.KEYS_NOT_HAD
    meaning = meanings.of_code(code_of(error), status)
    if meaning is meanings.DENIED and action == "read":
        return meanings.UNREADABLE
    if meaning is meanings.WRONG_REGION:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        region = tidy(
            headers.get("x-amz-bucket-region") or error.response["Error"].get("Region", "")
        )
        if region:
            return meaning._replace(hint=f"set the option region of this remote to {region}")
    return meaning


def _described(error: sdk.ClientError) -> str:
    return f"{error.operation_name}: {code_of(error)}"
