"""Measure the processor time of commands that have next to nothing to do, beside bare Python.

The best of many runs is shown: whatever else a machine does can only make a run slower.
"""

import sys

import measuring

BUDGETS = {"--help": "60", "status": "120", "add of one file": "120"}


def main():
    options = measuring.parser(__doc__)
    options.add_argument("--runs", type=int, default=30, help="of which the best is shown")
    options.add_argument("--dvc", metavar="PATH", type=measuring.program, help="a DVC to measure")
    chosen = options.parse_args()
    programs = {"dvclite": chosen.dvclite, **({"DVC": chosen.dvc} if chosen.dvc else {})}
    with measuring.scratch(chosen.folder) as place:
        best = {
            name: measured(place / name, program, chosen.runs) for name, program in programs.items()
        }
    rows = [
        (step, BUDGETS.get(step, ""), *(f"{best[name][step] * 1000:.0f}" for name in programs))
        for step in best["dvclite"]
    ]
    title = f"CPU in ms, the best of {chosen.runs} runs"
    measuring.print_table(title, ("command", "budget", *programs), rows)


def measured(place, program, runs):
    """Return the CPU seconds of each step of a program."""
    repository = measuring.Repository(place / "repository", program)
    numbers = iter(range(runs))

    def add():
        repository.data.write_text(f"{next(numbers)}\n")
        return repository.measured("add", "data")

    steps = {
        "bare Python": lambda: measuring.measured([sys.executable, "-c", ""], cwd=place),
        "--help": lambda: repository.measured("--help"),
        "add of one file": add,
        "status": lambda: repository.measured("status"),
    }
    return {step: min(run().cpu for _ in range(runs)) for step, run in steps.items()}


if __name__ == "__main__":
    main()
