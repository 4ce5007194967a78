"""Run dvclite beside cp, find and, where it is given, DVC, and print what each step takes.

All steps of a run follow one another on the same data and disk, and the medians of several runs are
shown. Processor time depends little on how busy the machine is, the time that passes depends on it
much: read that as a ratio.
"""

import shutil
import sys
import tempfile
from collections import defaultdict

import measuring

COPY, COPY_DURABLY, LIST = "cp", "cp + sync", "find"
IN_DVCS_FORMAT = "dvclite, DVC's format"
BESIDE = {"add": (COPY, COPY_DURABLY), "status": (LIST,), "push, nothing new": (LIST,)}
"""What a step is compared with, where that is not cp alone."""


def main():
    options = measuring.parser(__doc__)
    options.add_argument("--files", type=int, default=2000, help="how many small files; 0 for none")
    options.add_argument("--size", type=measuring.size, default="4KiB", help="of each small file")
    options.add_argument(
        "--large", type=measuring.size, default="256MiB", help="of one large file; 0 for none"
    )
    options.add_argument("--runs", type=int, default=3, help="of which the medians are shown")
    options.add_argument(
        "--dvc",
        metavar="PATH",
        type=measuring.program,
        help="a DVC to measure, and dvclite in a repository as DVC makes it",
    )
    chosen = options.parse_args()
    with measuring.scratch(chosen.folder) as place:
        source = place / "source"
        if chosen.files:
            measuring.make_files(source, chosen.files, chosen.size)
            size = measuring.shown_size(chosen.size)
            compare(f"{chosen.files:,} files of {size}", source, chosen)
            clear(source, source)
        if chosen.large:
            measuring.make_large_file(source, chosen.large)
            compare(f"One file of {measuring.shown_size(chosen.large)}", source, chosen)


def compare(title, source, chosen):
    """Measure all programs on a file or folder, one after the other, and print a table."""
    programs = {"dvclite": (chosen.dvclite, ())}
    if chosen.dvc:
        programs[IN_DVCS_FORMAT] = (chosen.dvclite, ("--dvc",))
        programs["DVC"] = (chosen.dvc, ())
    usages = defaultdict(list)
    for number in range(chosen.runs):
        for name, (program, init) in programs.items():
            print(f"{title}: run {number + 1} of {chosen.runs}, {name}", file=sys.stderr)
            folder = source.with_name("run")
            folder.mkdir()
            for step, usage in steps(source, folder, program, init):
                usages[name, step].append(usage)
            clear(folder, source)
    shown = {key: measuring.medians(values) for key, values in usages.items()}
    heading = ("step", "time", "CPU", "time, beside", "CPU, beside", "memory")
    rows = [row(name, step, usage, shown) for (name, step), usage in shown.items()]
    measuring.print_table(title, heading, list(dict.fromkeys(rows)))


def steps(source, folder, program, init):
    """Yield the steps of one run as a user meets them, and the Usage of each."""
    copied = folder / "copied"
    copy = ["cp", "-r", source, copied]
    yield COPY, measuring.measured(copy, cwd=folder)
    clear(copied, source)
    durably = ["sh", "-c", '"$@" && sync --file-system .', "sh", *copy]
    yield COPY_DURABLY, measuring.measured(durably, cwd=folder)
    repository = measuring.Repository(folder / "repository", program, init=init)
    copied.rename(repository.data)
    find = ["find", repository.data, "-printf", "%s %T@\\n"]
    yield LIST, measuring.measured(find, cwd=folder)
    yield "add", repository.measured("add", "data")
    yield "status", repository.measured("status")
    change(repository.data)
    yield "add, one file changed", repository.measured("add", "data")
    yield "push", repository.measured("push")
    yield "push, nothing new", repository.measured("push")
    repository.commit()
    clear(repository.data, source)
    yield "checkout", repository.measured("checkout")
    fetched = repository.clone(folder / "fetched")
    yield "fetch, fresh clone", fetched.measured("fetch")
    clear(fetched.root, source)
    pulled = repository.clone(folder / "pulled")
    yield "pull, fresh clone", pulled.measured("pull")
    measuring.run(["diff", "-rq", repository.data, pulled.data], cwd=folder)


def change(data):
    """Change one file."""
    file = next(data.glob("*/*")) if data.is_dir() else data
    with file.open("r+b") as stream:
        stream.write(b"changed")


def clear(path, source):
    """Take a file or folder away; if there are many files in `source`, they only move aside.

    For minutes ext4 gives to no new file the number of a removed one, and takes long to find
    others: whatever makes files would seem slow after many were removed.
    """
    if source.is_dir():
        path.rename(tempfile.mkdtemp(prefix="aside-", dir=source.parent))
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def row(name, step, usage, shown):
    """Return a row of the table; that of a yardstick the same, whatever was measured beside it."""
    memory = f"{usage.peak / (1 << 20):.0f} MiB"
    if step in (COPY, COPY_DURABLY, LIST):
        usage = shown["dvclite", step]
        return f"*{step}*", f"{usage.wall:.2f} s", f"{usage.cpu:.2f} s", "", "", ""
    beside = [(other, shown[name, other]) for other in BESIDE.get(step, (COPY,))]
    return (
        f"{name} {step}",
        f"{usage.wall:.2f} s",
        f"{usage.cpu:.2f} s",
        ", ".join(f"{usage.wall / other.wall:.2f} x {title}" for title, other in beside),
        ", ".join(f"{usage.cpu / other.cpu:.1f} x {title}" for title, other in beside),
        memory,
    )


if __name__ == "__main__":
    main()
