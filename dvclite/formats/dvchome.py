"""The folder `.dvc`, which dvclite shares with DVC, and the settings that DVC puts up with.

DVC stops at any option that it does not know, so that those have files of their own.
"""

import re

from dvclite.errors import RepoError
from dvclite.formats.format import Format
from dvclite.formats.home import Home

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)

_CORE = frozenset(
    {
        *("remote", "checksum_jobs", "interactive", "analytics", "hardlink_lock", "no_scm"),
        *("autostage", "experiments", "check_update", "site_cache_dir", "machine"),
    }
)
_LOCAL = frozenset({"type", "protected", "shared", "slow_link_warning", "verify"})
_EVERY = frozenset({"url", "checksum_jobs", "jobs", "worktree", "no_traverse", "version_aware"})
_HTTP = frozenset(
    {
        *("auth", "custom_auth_header", "user", "password", "ask_password", "ssl_verify"),
        *("method", "connect_timeout", "read_timeout", "verify"),
    }
)
_WEBDAV = frozenset(
    {
        *("user", "password", "ask_password", "token", "bearer_token_command", "verify"),
        *("custom_auth_header", "cert_path", "key_path", "timeout", "ssl_verify"),
    }
)
_REMOTES = {
    "": _LOCAL,
    "file": _LOCAL,
    "s3": frozenset(
        {
            *("region", "profile", "credentialpath", "configpath", "endpointurl", "verify"),
            *("access_key_id", "secret_access_key", "session_token", "listobjects", "use_ssl"),
            *("allow_anonymous_login", "ssl_verify", "sse", "sse_kms_key_id", "acl"),
            *("sse_customer_algorithm", "sse_customer_key", "grant_read", "grant_read_acp"),
            *("grant_write_acp", "grant_full_control", "cache_regions", "read_timeout"),
            "connect_timeout",
        }
    ),
    "gs": frozenset(
        {"projectname", "credentialpath", "endpointurl", "verify", "allow_anonymous_login"}
    ),
    "ssh": frozenset(
        {
            *("type", "port", "user", "password", "ask_password", "passphrase", "verify"),
            *("ask_passphrase", "keyfile", "timeout", "gss_auth", "allow_agent", "max_sessions"),
        }
    ),
    "hdfs": frozenset({"user", "kerb_ticket", "replication"}),
    "webhdfs": frozenset(
        {
            *("kerberos", "kerberos_principal", "proxy_to", "ssl_verify", "token", "use_https"),
            *("user", "password", "data_proxy_target", "verify"),
        }
    ),
    "azure": frozenset(
        {
            *("connection_string", "sas_token", "account_name", "account_key", "tenant_id"),
            *("client_id", "client_secret", "allow_anonymous_login", "verify", "timeout"),
            *("exclude_environment_credential", "exclude_visual_studio_code_credential"),
            *("exclude_shared_token_cache_credential", "exclude_managed_identity_credential"),
            *("read_timeout", "connection_timeout"),
        }
    ),
    "oss": frozenset({"oss_key_id", "oss_key_secret", "oss_endpoint", "verify"}),
    "gdrive": frozenset(
        {
            *("profile", "gdrive_use_service_account", "gdrive_client_id", "verify"),
            *("gdrive_client_secret", "gdrive_user_credentials_file", "gdrive_trash_only"),
            *("gdrive_service_account_user_email", "gdrive_service_account_json_file_path"),
            "gdrive_acknowledge_abuse",
        }
    ),
    "http": _HTTP,
    "https": _HTTP,
    "webdav": _WEBDAV,
    "webdavs": _WEBDAV,
}


_UNHEEDED = (
    ("core.checksum_jobs", "core.jobs says how many things are done at once"),
    ("core.site_cache_dir", "what dvclite remembers is in .dvc/tmp/dvclite"),
    ("core.interactive", "dvclite asks where a terminal is, and never otherwise"),
    ("cache.protected", "cache.type says which links are made"),
    ("cache.verify", "whatever leaves the cache is verified"),
    ("remote.checksum_jobs", "core.jobs says how many things are done at once"),
    ("remote.no_traverse", "dvclite lists or asks, whichever takes fewer requests"),
    ("remote.verify", "whatever arrives is verified"),
)


def takes(section: str, option: str, url: str) -> bool:
    """Say whether DVC puts up with an option in its config files.

    Args:
        section: `core`, or `remote.origin`.
        option: Its name in the section.
        url: The address of the remote that it is about, or empty.
    """
    if section == "core":
        return option in _CORE
    if section == "cache":
        return option == "dir" or option in _LOCAL
    if not section.startswith("remote."):
        return False
    match = _SCHEME.match(url)
    scheme = match[1].lower() if match is not None else ""
    if scheme == "remote":
        return option in _EVERY or any(option in known for known in _REMOTES.values())
    return scheme in _REMOTES and (option in _EVERY or option in _REMOTES[scheme])


def _format(_hash: str | None) -> Format:
    from dvclite.formats.dvc import DVC

    return DVC


def _first_config(hash: str, scm: bool) -> str:  # noqa: FBT001 - called by its position
    if hash not in ("", "md5"):
        raise RepoError(f"DVC cannot read data that is named by {hash}", hint="leave --hash away")
    return "" if scm else "[core]\n    no_scm = True\n"


DVC_HOME = Home(
    name="dvc",
    folder=".dvc",
    format=_format,
    first_config=_first_config,
    temporary="tmp/dvclite",
    config="dvc",
    author="iterative",
    takes=takes,
    own_config="config.dvclite",
    own_local="tmp/dvclite/config.local",
    lock="tmp/lock",
    marker="tmp/btime",
    pipelines="dvc.lock",
    lists_users=False,
    hides_pointers=True,
    packs_below="dvclite",
    unheeded=_UNHEEDED,
    shares_cache=False,
)
