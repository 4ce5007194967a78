"""Passes all tests, from a bare clone: `python3 tests/run.py`.

Makes an environment in `.venv`, then runs ruff, mypy, import-linter and pytest. Arguments go to
pytest, which then runs alone: `python3 tests/run.py -k checkout`.
"""

import os
import subprocess
import sys

import environment

CHECKS = {
    "ruff check": ["ruff", "check"],
    "ruff format": ["ruff", "format", "--check"],
    "mypy": ["mypy"],
    "mypy, Windows": ["mypy", "--platform=win32", "--cache-dir=.mypy_cache/win32"],
    "import-linter": ["lint-imports", "--no-logo"],
}
# Many tests wait more than they work, for servers and for what is late on purpose.
PROCESSES = max(3, os.cpu_count() or 1)
PYTEST = ["pytest", f"--numprocesses={PROCESSES}", "--dist=loadgroup"]


def main(arguments):
    python = environment.python_with(extras=["all"], groups=["tests", "lint", "docs"])
    compile_bytecode = [python, "-m", "compileall", "-q", "dvclite", "remotes"]
    subprocess.run(compile_bytecode, cwd=environment.ROOT, env=environment.clean_environ())
    if arguments:
        return run(["pytest", *arguments])[0]
    results = {name: run(command)[0] for name, command in CHECKS.items()}
    results["pytest"], closing_line = run(PYTEST)
    print("\nSummary")
    for name, code in results.items():
        print(f"  {name:<15}{'failed' if code else 'passed'}")
    print(closing_line, flush=True)
    return int(any(results.values()))


def run(command):
    """Run a command, showing what it prints; return its exit code and its last line."""
    program, *options = command
    if program == "pytest" and sys.stdout.isatty():
        options.append("--color=yes")
    print(f"\n$ {' '.join(command)}", flush=True)
    with subprocess.Popen(
        [environment.program(program), *options],
        cwd=environment.ROOT,
        env=environment.clean_environ(),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.rstrip() or last
    return process.returncode, last


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
