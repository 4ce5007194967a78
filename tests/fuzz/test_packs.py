import subprocess
import sys
from pathlib import Path


def test_a_few_hundred_mistreated_packs_are_read_right_or_refused():
    script = Path(__file__).with_name("packs.py")
    options = ["--rounds", "300", "--seconds", "600", "--seed", "1"]

    done = subprocess.run([sys.executable, script, *options], capture_output=True, encoding="utf-8")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 packs" in done.stdout
