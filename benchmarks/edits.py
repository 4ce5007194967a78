"""Count the bytes that a push sends after an edit to a large file, and a pull of the edit receives.

The counts are exact. What cannot gain from being sent in parts is sent a second time as one file,
to tell what trying costs: bytes, and time as a ratio, the two one after the other in each run.
"""

import random
import sys
from array import array
from statistics import median
from typing import NamedTuple

import counting
import measuring

BUDGETS = {"CSV, one row inserted": "1 MiB"}
TENSORS = 100
ROWS = 100


class Edited(NamedTuple):
    """What an edit came to.

    Attributes:
        size: Bytes of the file after it.
        first: Bytes that the push before it sent.
        sent: Bytes that the push after it sent.
        requests: How many requests that took.
        received: Bytes that a pull received where the version before was in the cache.
        fetches: How many requests that took.
    """

    size: int
    first: int
    sent: int
    requests: int
    received: int
    fetches: int


def main():
    options = measuring.parser(__doc__)
    options.add_argument("--size", type=measuring.size, default="200MB", help="of each file")
    options.add_argument("--runs", type=int, default=3, help="of what cannot gain")
    options.add_argument("--dvc", metavar="PATH", type=measuring.program, help="a DVC to measure")
    chosen = options.parse_args()
    with measuring.scratch(chosen.folder) as place:
        counting.install(place)
        size = f"{chosen.size / 10**6:,.0f} MB"
        rows = []
        for number, (title, (make, edit)) in enumerate(EDITS.items()):
            print(title, file=sys.stderr)
            versions = [make(chosen.size)]
            versions.append(edit(versions[0]))
            rows.append(row(title, versions, place / str(number), chosen))
        heading = (
            "edit",
            "budget",
            "first push sent",
            "push sent",
            "requests",
            "pull received",
            "requests",
            *(("DVC sent",) if chosen.dvc else ()),
        )
        measuring.print_table(f"Bytes after an edit to a file of {size}", heading, rows)
        measuring.print_table(
            f"A file of {size} of which nothing is there already, in parts and as one file",
            ("data", "bytes in parts", "push, time", "push, CPU", "pull, time", "pull, CPU"),
            [without_gain(kind, make, place, chosen) for kind, make in NO_GAIN.items()],
        )


def row(title, versions, place, chosen):
    """Return a row of the first table."""
    edited = exchanged(versions, place / "dvclite", chosen.dvclite)
    beside = (mb(sent_by_dvc(versions, place / "dvc", chosen.dvc)),) if chosen.dvc else ()
    return (
        title,
        BUDGETS.get(title, ""),
        mb(edited.first),
        mb(edited.sent),
        str(edited.requests),
        mb(edited.received),
        str(edited.fetches),
        *beside,
    )


def exchanged(versions, place, program):
    """Push and pull two versions of a file one after the other."""
    report = place / "report"
    mine = repository(place, program, report)
    before, after = versions
    mine.data.write_bytes(before)
    keep(mine)
    first = counting.read(report)
    yours = mine.clone(place / "yours")
    yours.measured("pull")
    counting.read(report)
    mine.data.write_bytes(after)
    keep(mine)
    pushed = counting.read(report)
    yours.follow()
    yours.measured("pull")
    pulled = counting.read(report)
    if yours.data.read_bytes() != after:
        sys.exit("what was pulled is not what was pushed")
    return Edited(
        len(after),
        first["sent"],
        pushed["sent"],
        pushed["requests"],
        pulled["received"],
        pulled["requests"],
    )


def sent_by_dvc(versions, place, program):
    """Return by how many bytes the remote grows as the second of two versions is pushed."""
    mine = measuring.Repository(place / "mine", program)
    sizes = []
    for version in versions:
        mine.data.write_bytes(version)
        keep(mine)
        files = (path for path in (place / "remote").rglob("*") if path.is_file())
        sizes.append(sum(path.stat().st_size for path in files))
    return sizes[1] - sizes[0]


def without_gain(kind, make, place, chosen):
    """Return a row of the second table."""
    data = make(chosen.size)
    shares, ratios = [], []
    for number in range(chosen.runs):
        print(f"{kind}: run {number + 1} of {chosen.runs}", file=sys.stderr)
        taken = {}
        # Which of the two comes first changes: the second finds more in memory.
        for layout in sorted(("packs", "loose"), reverse=bool(number % 2)):
            folder = place / f"{kind}-{number}-{layout}"
            taken[layout] = once(data, folder, chosen.dvclite, layout)
        (sent, *usages), (_, *plain) = taken["packs"], taken["loose"]
        shares.append(sent / len(data) - 1)
        pairs = list(zip(usages, plain, strict=True))
        ratios.append([x for a, b in pairs for x in (a.wall / b.wall, a.cpu / b.cpu)])
    times = [f"{median(values):.2f} x" for values in zip(*ratios, strict=True)]
    return kind, f"{median(shares):+.2%}", *times


def once(data, place, program, layout):
    """Return what a push of a file sends, and the Usage of the push and of a pull."""
    report = place / "report"
    mine = repository(place, program, report, layout=layout)
    mine.data.write_bytes(data)
    mine.measured("add", "data")
    mine.commit()
    pushed = mine.measured("push")
    sent = counting.read(report)["sent"]
    return sent, pushed, mine.clone(place / "yours").measured("pull")


def repository(place, program, report, **options):
    """Return a repository whose remote counts."""
    remote = counting.address(place / "remote")
    options |= counting.options(report)
    return measuring.Repository(place / "mine", program, remote=remote, **options)


def keep(repository):
    """Add the data, commit its pointer, and push it."""
    repository.measured("add", "data")
    repository.commit()
    repository.measured("push")


def mb(number):
    """Return a number of bytes in MB."""
    return f"{number / 10**6:.2f} MB"


def make_table(size):
    draw = random.Random(1)
    return b"".join(rows(draw, 0, size))


def rows(draw, number, size):
    """Yield the rows of a table from `number` on, of `size` bytes in all or a little more."""
    while size > 0:
        row = b"%d,%.6f,%.6f,%d,%s\n" % (
            number,
            draw.random(),
            draw.random() * 100,
            int(draw.random() * 100000),
            (b"red", b"green", b"blue")[int(draw.random() * 3)],
        )
        yield row
        size -= len(row)
        number += 1


def insert_rows(table, count):
    """Return a table with rows inserted at as many places."""
    draw = random.Random(2)
    places = [len(table) // 2] if count == 1 else draw.sample(range(len(table)), count)
    ends = sorted({table.find(b"\n", place) + 1 for place in places})
    inserted = b"%d,0.5,50.0,7,grey\n" % draw.randrange(10**6)
    starts = [0, *ends]
    parts = [table[start:end] for start, end in zip(starts, [*ends, len(table)], strict=True)]
    return inserted.join(parts)


def append_rows(table):
    """Return a table with one row appended for each hundred."""
    return table + b"".join(rows(random.Random(3), table.count(b"\n"), len(table) // 100))


def make_checkpoint(size):
    """Return a file of many tensors, as they are in a trained network."""
    return b"".join(make_tensor(number, size // TENSORS) for number in range(TENSORS))


def make_tensor(seed, size):
    """Return float32 numbers around 0: all but their signs and exponents are drawn evenly."""
    draw = random.Random(seed)
    numbers = array("f", (draw.gauss(0, 0.02) for _ in range(256)))
    tensor = bytearray(draw.randbytes(size // 4 * 4))
    tensor[3::4] = tensor[3::4].translate(numbers.tobytes()[3::4])
    return bytes(tensor)


def change_tensor(checkpoint):
    """Return a checkpoint with another tensor in the middle."""
    size = len(checkpoint) // TENSORS
    start = TENSORS // 2 * size
    tensor = make_tensor(TENSORS, size)
    return checkpoint[:start] + tensor + checkpoint[start + len(tensor) :]


def make_media(size):
    """Return what nothing can compress, as pictures are."""
    return random.Random(5).randbytes(size)


def save_again(media):
    """Return a file that shares nothing with the one before, as a picture saved again does not."""
    return random.Random(6).randbytes(len(media))


EDITS = {
    "CSV, one row inserted": (make_table, lambda table: insert_rows(table, 1)),
    f"CSV, {ROWS} rows inserted, each elsewhere": (
        make_table,
        lambda table: insert_rows(table, ROWS),
    ),
    "CSV, 1 % appended": (make_table, append_rows),
    f"float32 checkpoint, one of {TENSORS} tensors changed": (make_checkpoint, change_tensor),
    "picture or film, saved again": (make_media, save_again),
}
NO_GAIN = {"picture or film": make_media, "float32 checkpoint": make_checkpoint}


if __name__ == "__main__":
    main()
