"""An SDK client made as a remote's options say, and what its requests take along."""

import re
from dataclasses import dataclass
from typing import Any, Self

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import InvalidConfigError

from dvclite.remote.requests import Requests
from dvclite_s3.options import S3Options
from dvclite_s3.patience import be_patient

_CONNECTIONS = 64
"""How many connections are kept open. More threads than that still work, less quickly."""

_TRIES = 5
"""How often a request is sent in all, unless the AWS configuration says otherwise."""

_FIRST_TRY = re.compile(r"attempt=1(?!\d)")


def connect(options: S3Options, requests: Requests) -> Any:
    """Return a client for S3, which any number of threads may use.

    Finding credentials may take a request to where they come from.

    Args:
        options: What the client is like.
        requests: Is told of every request.

    Raises:
        botocore.exceptions.BotoCoreError: The AWS configuration makes no sense.
    """
    core = _core(options)
    session = boto3.Session(
        botocore_session=core,
        profile_name=options.profile or None,
        aws_access_key_id=options.access_key_id or None,
        aws_secret_access_key=options.secret_access_key or None,
        aws_session_token=options.session_token or None,
    )
    try:
        client = session.client(
            "s3",
            region_name=options.region or None,
            endpoint_url=options.endpointurl or None,
            use_ssl=options.use_ssl,
            verify=options.ssl_verify,
            config=Config(**_settings(options, core)),
        )
    except ValueError as error:
        # A program that the configuration names for credentials may print anything.
        raise InvalidConfigError(error_msg=type(error).__name__) from error

    def count(request: Any, **_event: object) -> None:
        tries = str(request.headers.get("amz-sdk-request", ""))
        requests.count(repeated=_FIRST_TRY.search(tries) is None)

    client.meta.events.register("before-send.s3", count)
    client.meta.events.register_first("needs-retry.s3.HeadBucket", _take_for_redirected)
    be_patient(client)
    return client


def _take_for_redirected(request_dict: dict[str, Any], **_event: object) -> None:
    """Let the SDK ask for a bucket's region but once.

    Redirected elsewhere, as by the login of a hotel's network, it asks for the region, and when that
    is redirected, too, it asks for the region.
    """
    request_dict["context"].setdefault("s3_redirect", {})["redirected"] = True


def _core(options: S3Options) -> botocore.session.Session:
    """Return the session that reads the AWS configuration where it is."""
    core = botocore.session.Session()
    if options.credentialpath:
        core.set_config_variable("credentials_file", options.credentialpath)
    if options.configpath:
        core.set_config_variable("config_file", options.configpath)
    return core


@dataclass(frozen=True, slots=True)
class Extras:
    """Arguments that requests take along because of the options, by kind of request."""

    always: dict[str, Any]
    content: dict[str, Any]
    new: dict[str, Any]

    @classmethod
    def of(cls, options: S3Options) -> Self:
        """Return what `options` ask for with every request, with content, with new content."""
        always = {"RequestPayer": "requester"} if options.requester_pays else {}
        content: dict[str, Any] = dict(always)
        if options.sse_customer_key:
            content["SSECustomerAlgorithm"] = options.sse_customer_algorithm or "AES256"
            content["SSECustomerKey"] = options.sse_customer_key
        return cls(always, content, {**content, **_stored_with(options)})


def _stored_with(options: S3Options) -> dict[str, Any]:
    wanted = {
        "ServerSideEncryption": options.sse or ("aws:kms" if options.sse_kms_key_id else ""),
        "SSEKMSKeyId": options.sse_kms_key_id,
        "ACL": options.acl,
        "GrantFullControl": options.grant_full_control,
        "GrantRead": options.grant_read,
        "GrantReadACP": options.grant_read_acp,
        "GrantWriteACP": options.grant_write_acp,
        "StorageClass": options.storage_class,
    }
    return {name: value for name, value in wanted.items() if value}


def _settings(options: S3Options, core: Any) -> dict[str, Any]:
    tries: dict[str, Any] = {"mode": "standard"}
    if core.get_config_variable("max_attempts") is None:
        tries["total_max_attempts"] = _TRIES
    settings: dict[str, Any] = {
        "retries": tries,
        "max_pool_connections": _CONNECTIONS,
        "connect_timeout": options.connect_timeout,
        "read_timeout": options.read_timeout,
        "tcp_keepalive": True,
        # Left to itself, the SDK makes it anew for each request, which takes a tenth of the time.
        "user_agent": f"{core.user_agent()} dvclite",
        "parameter_validation": False,  # All that we hand it is text.
    }
    # What is not set here is taken from the AWS configuration.
    if options.addressing_style:
        settings["s3"] = {"addressing_style": options.addressing_style}
    if options.allow_anonymous_login:
        settings["signature_version"] = UNSIGNED
    for name in ("request_checksum_calculation", "response_checksum_validation"):
        if value := getattr(options, name):
            settings[name] = value
    return settings
