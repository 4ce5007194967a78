"""Push and pull through a remote that takes its time for every call, as a bucket does, and counts.

The counts of calls and bytes are exact. What passes of time depends on how long the calls take,
on how many run at once, and least on the machine.
"""

import shutil
import sys

import counting
import measuring

BYTES_A_REQUEST = 16 << 20
REQUESTS_BESIDES = 10
REQUESTS_FOR_NOTHING = 5
"""How many requests a transfer may make: this is the aim."""

HEADING = (
    "step",
    "time",
    "CPU",
    "memory",
    "requests",
    "budget",
    "which",
    "at once",
    "sent",
    "received",
    "objects there",
)


def main():
    options = measuring.parser(__doc__)
    options.add_argument(
        "--files", type=int, nargs="*", default=[10000], help="how many small files, each a table"
    )
    options.add_argument("--size", type=measuring.size, default="4KiB", help="of each small file")
    options.add_argument(
        "--large", type=measuring.size, default="256MiB", help="of one large file; 0 for none"
    )
    options.add_argument(
        "--latency", type=float, default=0.03, help="seconds that every call takes longer"
    )
    options.add_argument(
        "--loose", action="store_true", help="measure a remote without packs beside, a file a blob"
    )
    chosen = options.parse_args()
    with measuring.scratch(chosen.folder) as place:
        counting.install(place)
        source = place / "source"
        size = measuring.shown_size(chosen.size)
        for files in chosen.files:
            measuring.make_files(source, files, chosen.size)
            tell(f"{files:,} files of {size}", source, files * chosen.size, chosen)
            shutil.rmtree(source)
        if chosen.large:
            measuring.make_large_file(source, chosen.large)
            title = f"One file of {measuring.shown_size(chosen.large)}"
            tell(title, source, chosen.large, chosen)


def tell(title, source, size, chosen):
    """Measure on a file or folder of `size` bytes, and print a table."""
    layouts = {"packs": "", **({"loose": ", a file a blob"} if chosen.loose else {})}
    rows = []
    for layout, kind in layouts.items():
        print(f"{title}: {layout}", file=sys.stderr)
        folder = source.with_name("run")
        folder.mkdir()
        for step, budget, usage, traffic in steps(source, size, folder, layout, chosen):
            objects = sum(path.is_file() for path in (folder / "remote").rglob("*"))
            rows.append(row(step + kind, budget, usage, traffic, objects))
        folder.rename(source.with_name(f"run-{title}-{layout}"))
    measuring.print_table(
        f"{title}, {chosen.latency * 1000:.0f} ms added to every call", HEADING, rows
    )


def steps(source, size, folder, layout, chosen):
    """Yield the steps as a user meets them: name, requests it may make, Usage and traffic."""
    report = folder / "report"
    repository = measuring.Repository(
        folder / "repository",
        chosen.dvclite,
        remote=counting.address(folder / "remote"),
        layout=layout,
        **counting.options(report, chosen.latency),
    )
    copy = shutil.copytree if source.is_dir() else shutil.copy
    copy(source, repository.data)
    repository.measured("add", "data")
    repository.commit()
    most = size // BYTES_A_REQUEST + REQUESTS_BESIDES
    yield "push", most, repository.measured("push"), counting.read(report)
    usage = repository.measured("push")
    yield "push, nothing new", REQUESTS_FOR_NOTHING, usage, counting.read(report)
    if source.is_dir():
        one = repository.clone(folder / "one")
        usage = one.measured("pull", "data/0000/0000.bin")
        yield "pull of one file, fresh clone", REQUESTS_BESIDES, usage, counting.read(report)
    clone = repository.clone(folder / "clone")
    yield "pull, fresh clone", most, clone.measured("pull"), counting.read(report)
    measuring.run(["diff", "-rq", source, clone.data], cwd=folder)


def row(step, budget, usage, traffic, objects):
    """Return a row of the table."""
    return (
        step,
        f"{usage.wall:.2f} s",
        f"{usage.cpu:.2f} s",
        f"{usage.peak / (1 << 20):.0f} MiB",
        f"{traffic['requests']:,}",
        f"{budget:,}",
        ", ".join(f"{count:,} {method}" for method, count in sorted(traffic["calls"].items())),
        f"{traffic['at_once']}",
        measuring.shown_size(traffic["sent"]),
        measuring.shown_size(traffic["received"]),
        f"{objects:,}",
    )


if __name__ == "__main__":
    main()
