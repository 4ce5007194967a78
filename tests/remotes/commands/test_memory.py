"""Very large blobs are exchanged within bounded memory, and as many parts at once as fill the line."""

import subprocess
import sys

import pytest

MIB = 1 << 20
SIZE = 400 * MIB
MOST = 300

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform != "linux", reason="what a process took is asked of Linux"),
]

PROGRAM = """
import re
from dvclite.cli import main
try:
    main()
finally:
    print(int(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024)
"""


def peak_of(repo, *words):
    """Return how many MiB a command took at most."""
    command = [sys.executable, "-P", "-c", PROGRAM, *words]
    done = subprocess.run(command, cwd=repo.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


def test_a_very_large_file_takes_no_more_memory_than_others(loose_line):
    line = loose_line
    line.add(large=b"0123456789abcdef" * (SIZE // 16))
    line.proxy.rules()
    assert peak_of(line.repo, "push") < MOST
    _connections, asked = line.proxy.log()
    assert len([one for one in asked if "partNumber=" in one]) == -(-SIZE // (32 * MIB))
    clone = line.clone()
    assert peak_of(clone, "fetch") < MOST
    assert clone.invoke("checkout").exit_code == 0
    assert line.has_all(clone)
