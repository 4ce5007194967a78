"""Every error that dvclite raises on purpose.

    DvcliteError                     exit 1
    ├─ RepoError
    │  ├─ NotARepoError              exit 3
    │  ├─ RepoExistsError
    │  ├─ LockTimeoutError           exit 4
    │  └─ MigrationError
    ├─ ConfigError
    │  ├─ ConfigFileError
    │  ├─ UnknownOptionError
    │  ├─ BadValueError
    │  ├─ SecretInUrlError
    │  ├─ UnknownAlgorithmError
    │  ├─ NoRemoteError
    │  ├─ NoDefaultRemoteError
    │  ├─ UnknownRemoteError
    │  └─ RemoteExistsError
    ├─ GitError
    │  └─ UnknownRevisionError
    ├─ FormatError                   bytes that are not what they claim to be
    │  ├─ PointerError
    │  │  └─ PointerConflictError
    │  ├─ TreeError
    │  ├─ RecipeError
    │  ├─ PackError
    │  │  ├─ PackDamagedError        exit 6
    │  │  │  └─ PackUnreadableError
    │  │  └─ PackVersionError
    │  └─ HostilePathError
    ├─ CacheError
    │  ├─ BlobMissingError           exit 5
    │  │  └─ IncompleteError
    │  ├─ BlobCorruptError           exit 6
    │  └─ OidCollisionError
    ├─ WorkspaceError
    │  ├─ OutsideRepoError
    │  ├─ NothingThereError
    │  ├─ PathTakenError
    │  ├─ NotAnOutputError
    │  ├─ TrackedByGitError
    │  ├─ OverlapError
    │  ├─ UnsupportedFileError
    │  ├─ FileChangedError
    │  ├─ UnsavedChangesError
    │  └─ FileAccessError
    ├─ RemoteError                   exit 7
    │  ├─ KeyMissingError
    │  ├─ KeyExistsError
    │  ├─ AccessDeniedError
    │  ├─ RemoteUnavailableError
    │  └─ RemoteSetupError
    ├─ TransferError                 exit 8
    ├─ OriginError                   exit 9
    ├─ CollectError                  garbage collection stopped before its first deletion
    └─ InstallationError             a library that dvclite needs is not as it has to be

Each says what is wrong, with which path, oid or URL, and carries in `hint` what to do next.
"""

from dvclite.errors.cache import (
    BlobCorruptError,
    BlobMissingError,
    CacheError,
    CollectError,
    IncompleteError,
    OidCollisionError,
)
from dvclite.errors.formats import (
    FormatError,
    HostilePathError,
    PackDamagedError,
    PackError,
    PackUnreadableError,
    PackVersionError,
    PointerConflictError,
    PointerError,
    RecipeError,
    TreeError,
)
from dvclite.errors.ground import (
    WHO_MAY,
    DvcliteError,
    Hint,
    InstallationError,
    listing,
    shown,
)
from dvclite.errors.remotes import (
    AccessDeniedError,
    KeyExistsError,
    KeyMissingError,
    OriginError,
    RemoteError,
    RemoteSetupError,
    RemoteUnavailableError,
    TransferError,
)
from dvclite.errors.repository import (
    GitError,
    LockTimeoutError,
    MigrationError,
    NotARepoError,
    RepoError,
    RepoExistsError,
    UnknownRevisionError,
)
from dvclite.errors.settings import (
    BadValueError,
    ConfigError,
    ConfigFileError,
    NoDefaultRemoteError,
    NoRemoteError,
    RemoteExistsError,
    SecretInUrlError,
    UnknownAlgorithmError,
    UnknownOptionError,
    UnknownRemoteError,
)
from dvclite.errors.workspace import (
    FileAccessError,
    FileChangedError,
    NotAnOutputError,
    NothingThereError,
    OutsideRepoError,
    OverlapError,
    PathTakenError,
    TrackedByGitError,
    UnsavedChangesError,
    UnsupportedFileError,
    WorkspaceError,
)

__all__ = [
    "WHO_MAY",
    "AccessDeniedError",
    "BadValueError",
    "BlobCorruptError",
    "BlobMissingError",
    "CacheError",
    "CollectError",
    "ConfigError",
    "ConfigFileError",
    "DvcliteError",
    "FileAccessError",
    "FileChangedError",
    "FormatError",
    "GitError",
    "Hint",
    "HostilePathError",
    "IncompleteError",
    "InstallationError",
    "KeyExistsError",
    "KeyMissingError",
    "LockTimeoutError",
    "MigrationError",
    "NoDefaultRemoteError",
    "NoRemoteError",
    "NotARepoError",
    "NotAnOutputError",
    "NothingThereError",
    "OidCollisionError",
    "OriginError",
    "OutsideRepoError",
    "OverlapError",
    "PackDamagedError",
    "PackError",
    "PackUnreadableError",
    "PackVersionError",
    "PathTakenError",
    "PointerConflictError",
    "PointerError",
    "RecipeError",
    "RemoteError",
    "RemoteExistsError",
    "RemoteSetupError",
    "RemoteUnavailableError",
    "RepoError",
    "RepoExistsError",
    "SecretInUrlError",
    "TrackedByGitError",
    "TransferError",
    "TreeError",
    "UnknownAlgorithmError",
    "UnknownOptionError",
    "UnknownRemoteError",
    "UnknownRevisionError",
    "UnsavedChangesError",
    "UnsupportedFileError",
    "WorkspaceError",
    "listing",
    "shown",
]
