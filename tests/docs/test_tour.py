"""The tour of the README works."""

import subprocess
import sys
from pathlib import Path

import pytest

TOUR = Path(__file__).resolve().parents[2] / "docs" / "tour.py"


@pytest.mark.slow
def test_the_tour_finds_every_version_byte_for_byte(tmp_path):
    done = subprocess.run(
        [sys.executable, TOUR, "--here", "--keep", tmp_path / "tour"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )

    assert done.returncode == 0, done.stdout
    assert done.stdout.rstrip().endswith(" checks passed, 0 failed")
