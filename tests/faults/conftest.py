"""Where actions are hurt: a folder in memory, where flushing costs nothing."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def scratch(tmp_path):
    """A folder in memory where the system has one; faults do not need a real disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="dvclite-", dir=memory))
    yield folder
    shutil.rmtree(folder)
