"""Count the system calls that dvclite makes for each file, with strace.

Counts do not depend on how busy or how fast a machine is. What a command does once, its start
included, is known from a run on a single file, and taken off.
"""

import shutil
import sys
from collections import Counter

import measuring

BUDGETS = {"add": "8", "status": "1.3", "checkout": "7"}
SELDOM = 0.05
"""Calls that are made for a smaller share of the files are summed up."""

WAITING = {"futex"}
"""Threads that wait for one another: how often depends on how busy the machine is."""


def main():
    options = measuring.parser(__doc__)
    options.add_argument("--files", type=int, default=2000, help="how many")
    options.add_argument("--size", type=measuring.size, default="2KiB", help="of each")
    chosen = options.parse_args()
    if shutil.which("strace") is None:
        sys.exit("this needs strace, which only Linux has")
    with measuring.scratch(chosen.folder) as place:
        once = counted(place / "one", 1, chosen)
        many = counted(place / "many", chosen.files, chosen)
    rows = []
    for step, calls in many.items():
        calls.subtract(once[step])
        each = {name: count / (chosen.files - 1) for name, count in calls.items()}
        total = f"{sum(each.values()):.2f}"
        rows.append((step, total, BUDGETS.get(step, ""), described(each)))
    title = f"{chosen.files:,} files of {measuring.shown_size(chosen.size)}"
    measuring.print_table(title, ("command", "calls a file", "budget", "which"), rows)


def counted(place, files, chosen):
    """Return which calls each step makes how often, with a number of files."""
    repository = measuring.Repository(place / "repository", chosen.dvclite)
    measuring.make_files(repository.data, files, chosen.size)
    report = place / "calls"

    def traced(*words, where=repository):
        command = ["strace", "--follow-forks", "--summary-only", "--output", report]
        measuring.run([*command, chosen.dvclite, *words], cwd=where.root)
        return read(report)

    steps = {"add": traced("add", "data"), "status": traced("status")}
    steps["push to a directory"] = traced("push")
    steps["push, nothing new"] = traced("push")
    repository.commit()
    shutil.rmtree(repository.data)
    steps["checkout"] = traced("checkout")
    clone = repository.clone(place / "clone")
    steps["pull in a fresh clone"] = traced("pull", where=clone)
    return steps


def read(report):
    """Return the calls that strace counted, by name."""
    calls = Counter()
    for line in report.read_text().splitlines():
        words = line.split()
        if len(words) >= 5 and words[3].isdigit() and words[-1] not in {"total", *WAITING}:
            calls[words[-1]] += int(words[3])
    return calls


def described(each):
    """Return the calls by how often they are made."""
    often = sorted(each.items(), key=lambda item: -item[1])
    words = [f"{name} {count:.2f}" for name, count in often if count >= SELDOM]
    rest = sum(count for _, count in often if count < SELDOM)
    return ", ".join([*words, f"others {rest:.2f}"])


if __name__ == "__main__":
    main()
