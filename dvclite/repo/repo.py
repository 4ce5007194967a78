"""A repository as users and scripts see it.

Its parts stand in modules of their own, and so do their methods' results: who needs one part, as
every command does, loads that alone. What a method does loads when the method is called.
"""

from dvclite.repo.exchanging import Exchanging
from dvclite.repo.keeping import Keeping
from dvclite.repo.tracking import Tracking
from dvclite.repo.versioning import Versioning


class Repo(Tracking, Versioning, Exchanging, Keeping):
    """A repository.

    Paths that are passed in may be absolute or relative to the current folder; paths that come
    back are relative to the repository's root, with `/` between their parts. A method that may
    take long tells a progress how far it is. Every error that is raised on purpose is a
    `dvclite.errors.DvcliteError`.
    """
