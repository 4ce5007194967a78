"""Measure what zstd gains and costs on data of several kinds, and what data costs that gains nothing.

All data is made up; Parquet needs pyarrow and pictures need Pillow, and are left out without. Times
are processor time, in the program and in the kernel, the best of several runs.
"""

import argparse
import io
import json
import random
import time
from array import array
from importlib.util import find_spec

import measuring
from blake3 import blake3

from dvclite.chunking import cut
from dvclite.compression import Judge, compress, decompress, zstd

SIZES = {"4 KiB": 4 << 10, "256 KiB": 256 << 10}
LEVELS = (1, 3)
RUNS = 5
WORDS = ["layer", "learning", "rate", "loss", "of", "the", "model", "was", "data", "new", "mean"]


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    options.add_argument(
        "--made", metavar="SIZE", type=measuring.size, default="8MiB", help="of each kind of data"
    )
    options.add_argument("--folder", metavar="DIR", default=".", help="where to write")
    options.add_argument(
        "--large", metavar="SIZE", type=measuring.size, default="1GiB", help="of a random file"
    )
    chosen = options.parse_args()
    kinds = {name: make(chosen.made) for name, make in KINDS.items() if can_be_made(name)}
    measuring.print_table(
        "What zstd gains and costs: what is left of 100 bytes, and MB/s, at levels 1 and 3",
        ("data", "in pieces of", "left 1", "left 3", "MB/s 1", "MB/s 3", "MB/s back", "compressed"),
        [gains(kind, size, kinds[kind]) for kind in kinds for size in SIZES],
    )
    with measuring.scratch(chosen.folder) as place:
        measuring.print_table(
            "What it costs to find out that nothing is gained, against all other work",
            ("data", "files of 4 KiB: read, hash, write", "chunks: read, cut, hash, write"),
            [wasted(kind, kinds[kind], place) for kind in kinds if kind in NOT_WORTH_IT],
        )
        measuring.print_table(
            f"One random file of {measuring.shown_size(chosen.large)}, seconds",
            ("work", "CPU"),
            one_large_file(place, chosen.large),
        )


def gains(kind, size, data):
    """Return a row of the first table."""
    pieces = cut_evenly(data, SIZES[size])
    left, speeds = [], []
    for level in LEVELS:
        compressor = zstd.ZstdCompressor(level=level)
        compressed = compress_all(compressor, pieces)
        left.append(f"{100 * total(compressed) / total(pieces):.1f}")
        taken = seconds(lambda c=compressor: compress_all(c, pieces))
        speeds.append(f"{total(pieces) / taken / 1e6:.0f}")
    small = [compress(piece) for piece in pieces]
    taken = seconds(lambda: [decompress(one, SIZES[size]) for one in small])
    speeds.append(f"{total(pieces) / taken / 1e6:.0f}")
    judge = Judge()
    share = sum(judge.compressed(piece) is not None for piece in pieces) / len(pieces)
    return kind, size, *left, *speeds, f"{share:.0%}"


def wasted(kind, data, place):
    """Return a row of the second table."""
    large = data * 8
    files, chunks = cut_evenly(data, SIZES["4 KiB"]), [*map(bytes, chunks_of(io.BytesIO(large)))]
    (place / "large").write_bytes(large)
    folder = place / "files"
    folder.mkdir(exist_ok=True)
    for number, piece in enumerate(files):
        (folder / str(number)).write_bytes(piece)

    def from_files():
        with open(place / "pack", "wb") as pack:
            for number in range(len(files)):
                with open(folder / str(number), "rb", buffering=0) as file:
                    piece = file.read()
                blake3(piece).digest()
                pack.write(piece)

    def from_one_file():
        with open(place / "pack", "wb") as pack, open(place / "large", "rb", buffering=0) as file:
            for chunk in chunks_of(file):
                blake3(chunk).digest()
                pack.write(chunk)

    costs = []
    for work, pieces in ((from_files, files), (from_one_file, chunks)):
        costs.append(f"{seconds(lambda p=pieces: judge_all(p)) / seconds(work):.1%}")
    return kind, *costs


def one_large_file(place, size):
    """Return the rows of the third table."""
    path = place / "large"
    measuring.make_large_file(path, size)
    rows = []
    for work in (hashed, hashed_and_written, chunked, chunked_and_written):

        def run(work=work):
            with open(path, "rb", buffering=0) as source, open(place / "copy", "wb") as target:
                work(source, target)

        rows.append((work.__doc__, f"{seconds(run, runs=3):.2f}"))
    return rows


def hashed(source, _target):
    """read, blake3"""
    hasher = blake3()
    for piece in iter(lambda: source.read(1 << 20), b""):
        hasher.update(piece)


def hashed_and_written(source, target):
    """read, blake3, write"""
    hasher = blake3()
    for piece in iter(lambda: source.read(1 << 20), b""):
        hasher.update(piece)
        target.write(piece)


def chunked(source, _target):
    """read, cut, blake3 of each chunk, sample"""
    judge = Judge()
    for chunk in chunks_of(source):
        blake3(chunk).digest()
        judge.compressed(chunk)


def chunked_and_written(source, target):
    """read, cut, blake3 of each chunk, sample, write"""
    judge = Judge()
    for chunk in chunks_of(source):
        blake3(chunk).digest()
        target.write(judge.compressed(chunk) or chunk)


def chunks_of(stream):
    """Yield the chunks of a stream, each good until the next."""
    for cuts in cut(stream):
        yield from cuts.chunks


def compress_all(compressor, pieces):
    return [compressor.compress(piece, compressor.FLUSH_FRAME) for piece in pieces]


def judge_all(pieces):
    judge = Judge()
    for piece in pieces:
        judge.compressed(piece)


def seconds(work, runs=RUNS):
    """Return the processor time of the best of several runs."""
    best = float("inf")
    for _ in range(runs):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def total(pieces):
    return sum(map(len, pieces))


def cut_evenly(data, size):
    return [data[start : start + size] for start in range(0, len(data) - size + 1, size)]


def make_csv(size):
    draw = random.Random(1)
    rows = []
    for number in range(size // 40):
        colour = draw.choice(["red", "green", "blue"])
        date = f"2026-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        rows.append(f"{number},{draw.gauss(0, 1):.6f},{colour},{draw.randint(0, 99999)},{date}\n")
    return "".join(rows).encode()


def make_json(size):
    draw = random.Random(2)
    rows = (
        {
            "id": number,
            "score": draw.random(),
            "tags": draw.sample(WORDS, 2),
            "text": " ".join(draw.choices(WORDS, k=9)),
        }
        for number in range(size // 120)
    )
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def make_parquet(size):
    import pyarrow as pa
    from pyarrow import csv, parquet

    names = ["id", "value", "colour", "count", "date"]
    table = csv.read_csv(
        io.BytesIO(make_csv(size)), read_options=csv.ReadOptions(column_names=names)
    )
    written = pa.BufferOutputStream()
    parquet.write_table(table, written)
    return written.getvalue().to_pybytes()


def make_pictures(size):
    from PIL import Image

    made = io.BytesIO()
    while made.tell() < size:
        bands = [
            Image.effect_noise((80, 60), 80).resize((640, 480), Image.Resampling.BICUBIC)
            for _ in range(3)
        ]
        grain = Image.merge("RGB", [Image.effect_noise((640, 480), 20)] * 3)
        Image.blend(Image.merge("RGB", bands), grain, 0.2).save(made, "JPEG", quality=85)
    return made.getvalue()


def make_random(size):
    return random.Random(3).randbytes(size)


def make_weights(size):
    draw = random.Random(4)
    return array("f", (draw.gauss(0, 0.02) for _ in range(size // 4))).tobytes()


def make_half_weights(size):
    """Return them as bfloat16: the upper half of each float32."""
    weights = make_weights(size)
    halves = bytearray(len(weights) // 2)
    halves[0::2], halves[1::2] = weights[2::4], weights[3::4]
    return bytes(halves)


KINDS = {
    "CSV": make_csv,
    "JSON lines": make_json,
    "Parquet (snappy)": make_parquet,
    "JPEG": make_pictures,
    "random": make_random,
    "float32 weights": make_weights,
    "bfloat16 weights": make_half_weights,
}
NEEDS = {"Parquet (snappy)": "pyarrow", "JPEG": "PIL"}
NOT_WORTH_IT = ("JPEG", "random", "float32 weights")


def can_be_made(kind):
    return kind not in NEEDS or find_spec(NEEDS[kind]) is not None


if __name__ == "__main__":
    main()
