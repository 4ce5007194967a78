"""What must not be seen: which settings are secret, and how text is shown without secrets."""

import re

HIDDEN = "***"
"""Stands where a secret was."""

# The whole name or its last words. A wrong guess does no harm: the setting is kept in a private
# file and not shown.
_SECRET = re.compile(
    r"""(?!ask_|exclude_|use_) (?:.*_)? (?:
        (?:access|account|api|customer|private|secret)_?key
        | (?:aws)?accesskeyid | (?<!kms_)key_id | key_secret | key_data | hmac | sas
        | connection_string | credentials? | auth_header | authorization | cookie
        | (?:access|auth|bearer|refresh|session)?token
        | pass | passwd | password | passphrase | pwd | secret | signature | sig
    )""",
    re.VERBOSE,
)

_WHERE_SECRETS_ARE = frozenset({"configpath", "credentialpath"})

_PASSWORD = re.compile(r"(://[^\s/@:]*+):[^\s/]*@")
# Who gives a name alone over HTTP gives a token; names of people are shorter.
_LONE_TOKEN = re.compile(r"(https?://)[^\s/@:]{20,}@", re.IGNORECASE)
_PARAMETER = re.compile(r"([?&;])([^=&;?\s]++)=([^&;\s#]++)")


def is_secret(option: str) -> bool:
    """Say whether an option's values are secret, by its name."""
    plain = option.lower().replace("-", "_")
    return _SECRET.fullmatch(plain) is not None


def is_private(option: str) -> bool:
    """Say whether an option is kept from git: a secret, or where on this machine there are some."""
    return is_secret(option) or option in _WHERE_SECRETS_ARE


def public_value(option: str, value: str) -> str:
    """Return an option's value as it may be shown."""
    return HIDDEN if value and is_secret(option) else redact(value)


def has_password(value: str) -> bool:
    """Say whether an address holds something that must not be seen."""
    return redact(value) != value


def redact(text: str) -> str:
    """Return text with the passwords, tokens and signatures of all addresses in it hidden."""
    if "://" not in text:
        return text
    text = _PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    text = _LONE_TOKEN.sub(rf"\1{HIDDEN}@", text)
    return _PARAMETER.sub(_hide_parameter, text)


def _hide_parameter(match: re.Match[str]) -> str:
    if not is_secret(match[2]):
        return match[0]
    return f"{match[1]}{match[2]}={HIDDEN}"
