"""An SDK client made as a remote's options say, and what its requests take along."""

from dataclasses import dataclass
from typing import Any, Self

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from dvclite_s3.options import S3Options

_CONNECTIONS = 64
"""How many connections are kept open. More threads than that still work, less quickly."""


def connect(options: S3Options) -> Any:
    """Return a client for S3, which any number of threads may use.

    Finding credentials may take a request to where they come from.

    Raises:
        botocore.exceptions.BotoCoreError: The AWS configuration makes no sense.
    """
    core = botocore.session.Session()
    if options.credentialpath:
        core.set_config_variable("credentials_file", options.credentialpath)
    if options.configpath:
        core.set_config_variable("config_file", options.configpath)
    session = boto3.Session(
        botocore_session=core,
        profile_name=options.profile or None,
        aws_access_key_id=options.access_key_id or None,
        aws_secret_access_key=options.secret_access_key or None,
        aws_session_token=options.session_token or None,
    )
    return session.client(
        "s3",
        region_name=options.region or None,
        endpoint_url=options.endpointurl or None,
        use_ssl=options.use_ssl,
        verify=options.ssl_verify,
        config=Config(**_settings(options)),
    )


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


def _settings(options: S3Options) -> dict[str, Any]:
    settings: dict[str, Any] = {
        # How often is left to the AWS configuration (max_attempts); three tries without it.
        "retries": {"mode": "standard"},
        "max_pool_connections": _CONNECTIONS,
        "connect_timeout": options.connect_timeout,
        "read_timeout": options.read_timeout,
        "tcp_keepalive": True,
        "user_agent_extra": "dvclite",
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
