"""Push to a bucket and pull from it, beside other programs, through a line with latency and without.

Needs an S3 server that is already there, and says what each program asks of it: all goes through a
relay that counts. Its bucket is made for the run and removed. Credentials come from the variables
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""

import argparse
import os
import secrets
import shutil
import sys
from urllib.parse import urlsplit

import line
import measuring

HEADING = (
    "step",
    "program",
    "time",
    "beside",
    "CPU",
    "memory",
    "requests",
    "sent",
    "received",
    "which",
)


class Versioned:
    """A program that versions data: dvclite or DVC, with a repository and a clone."""

    def __init__(self, program, *init):
        self._program = program
        self._init = init

    def prepare(self, source, folder, place):
        """Store `source` in a new repository, whose remote is `place`."""
        self._repository = measuring.Repository(
            folder / "repository",
            self._program,
            remote=place.url,
            init=self._init,
            endpointurl=place.endpoint,
        )
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, self._repository.data)
        measuring.run([self._program, "add", "data"], cwd=self._repository.root)
        self._repository.commit()
        self._folder = folder

    def push(self, patience=None):
        return self._repository.measured("push", patience=patience)

    def pull(self, patience=None):
        self._clone = self._repository.clone(self._folder / "clone")
        return self._clone.measured("pull", patience=patience)

    def aim(self, endpoint):
        """Have the server reached at another address from now on."""
        self._repository.aim(endpoint)

    def pulled(self):
        return self._clone.data


class Copying:
    """A program that copies files to a bucket."""

    def prepare(self, source, folder, place):
        self._source, self._target, self._place = source, folder / "pulled", place

    def push(self, patience=None):
        return self._run(str(self._source), self.there(), patience)

    def pull(self, patience=None):
        return self._run(self.there(), str(self._target), patience)

    def aim(self, endpoint):
        """Have the server reached at another address from now on."""
        self._place = Place(endpoint, self._place.url)

    def pulled(self):
        return self._target

    def _run(self, begin, end, patience):
        command = self.command(begin, end)
        return measuring.measured(command, cwd=self._source.parent, patience=patience)


class Aws(Copying):
    """`aws s3 cp`."""

    def __init__(self, program):
        self._program = program

    def there(self):
        return self._place.url

    def command(self, begin, end):
        many = ["--recursive"] if self._source.is_dir() else []
        where = ["--endpoint-url", self._place.endpoint]
        return [self._program, "s3", "cp", "--only-show-errors", *many, *where, begin, end]


class Rclone(Copying):
    """`rclone copy`."""

    def __init__(self, program, *options):
        self._program = program
        self._options = options

    def there(self):
        os.environ["RCLONE_CONFIG_STORE_ENDPOINT"] = self._place.endpoint
        return f"store:{self._place.url.removeprefix('s3://')}"

    def command(self, begin, end):
        verb = "copy" if self._source.is_dir() else "copyto"
        return [self._program, verb, "--config", os.devnull, *self._options, begin, end]


class Place:
    """A folder in the bucket, and the address of the server that programs are to use."""

    def __init__(self, endpoint, url):
        self.endpoint = endpoint
        self.url = url


class Bucket:
    """The bucket of a run."""

    def __init__(self, endpoint):
        import boto3

        self._client = boto3.client("s3", endpoint_url=endpoint)
        self.name = f"benchmark-{secrets.token_hex(6)}"
        self._client.create_bucket(Bucket=self.name)

    def clear(self):
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        for page in pages:
            if found := [{"Key": it["Key"]} for it in page.get("Contents", ())]:
                self._client.delete_objects(Bucket=self.name, Delete={"Objects": found})

    def remove(self):
        self.clear()
        self._client.delete_bucket(Bucket=self.name)


def main():
    chosen = read_options()
    os.environ.update(
        AWS_DEFAULT_REGION=chosen.region,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_REQUEST_CHECKSUM_CALCULATION=chosen.checksums,
        AWS_RESPONSE_CHECKSUM_VALIDATION=chosen.checksums,
        RCLONE_CONFIG_STORE_TYPE="s3",
        RCLONE_CONFIG_STORE_PROVIDER="Other",
        RCLONE_CONFIG_STORE_ENV_AUTH="true",
    )
    bucket = Bucket(chosen.endpoint)
    try:
        with measuring.scratch(chosen.folder) as place:
            for count, size in chosen.data:
                source = place / "source"
                if count == 1:
                    measuring.make_large_file(source, size)
                else:
                    measuring.make_files(source, count, size)
                title = f"{count:,} x {measuring.shown_size(size)}"
                for latency in chosen.latency:
                    tell(f"{title}, {latency:g} ms", source, place, bucket, latency / 1000, chosen)
                remove(source)
    finally:
        bucket.remove()


def read_options():
    options = measuring.parser(__doc__)
    options.add_argument("--endpoint", required=True, help="the server's address, with http")
    options.add_argument("--region", default="us-east-1")
    options.add_argument(
        "--data",
        type=amount,
        nargs="+",
        default=["1000x4KiB", "100x100KiB", "1x64MiB"],
        help="how many files of which size",
    )
    options.add_argument(
        "--latency", type=float, nargs="+", default=[0, 30], help="of a round trip, in ms"
    )
    options.add_argument(
        "--patience",
        type=float,
        metavar="SECONDS",
        help="end what takes longer; a push is completed then without latency, and not measured",
    )
    options.add_argument(
        "--checksums",
        choices=["when_supported", "when_required"],
        default="when_required",
        help="how all programs of boto3 use checksums; older servers know none",
    )
    for name in ("dvc", "aws", "rclone"):
        options.add_argument(
            f"--{name}", metavar="PATH", type=measuring.program, help="measure it beside"
        )
    chosen = options.parse_args()
    chosen.data = [amount(it) if isinstance(it, str) else it for it in chosen.data]
    return chosen


def amount(text):
    count, x, size = text.partition("x")
    if not x or not count.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not like 1000x4KiB")
    return int(count), measuring.size(size)


def programs(chosen):
    """Return what is to be measured, by name."""
    found = {
        "dvclite": Versioned(chosen.dvclite),
        "dvclite, DVC's format": Versioned(chosen.dvclite, "--dvc"),
    }
    if chosen.dvc:
        found["DVC"] = Versioned(chosen.dvc)
    if chosen.aws:
        found["aws s3 cp"] = Aws(chosen.aws)
    if chosen.rclone:
        found["rclone copy"] = Rclone(chosen.rclone)
        found["rclone, 32 transfers"] = Rclone(chosen.rclone, "--transfers", "32")
    return found


def tell(title, source, place, bucket, seconds, chosen):
    """Measure all programs on one source through one line, and print a table."""
    steps = {"push": [], "pull": []}
    with line.stretched(urlsplit(chosen.endpoint).netloc, seconds) as (endpoint, count):
        for name, program in programs(chosen).items():
            print(f"{title}: {name}", file=sys.stderr)
            folder = place / "run"
            folder.mkdir()
            there = f"s3://{bucket.name}/{secrets.token_hex(4)}"
            there += "/data" if source.is_file() and isinstance(program, Copying) else ""
            program.prepare(source, folder, Place(endpoint, there))
            for step, measured in (("push", program.push), ("pull", program.pull)):
                count()
                usage = measured(chosen.patience)
                steps[step].append((name, usage, count()))
                if usage.is_cut and step == "push":
                    program.aim(chosen.endpoint)
                    program.push()
                    program.aim(endpoint)
            if not usage.is_cut:
                measuring.run(["diff", "-rq", source, program.pulled()], cwd=folder)
            remove(folder)
            bucket.clear()
    rows = [
        row(step, name, usage, traffic, measured[0][1])
        for step, measured in steps.items()
        for name, usage, traffic in measured
    ]
    measuring.print_table(title, HEADING, rows)


def row(step, name, usage, traffic, ours):
    methods = sorted(traffic["methods"].items())
    return (
        step,
        name,
        f"{'> ' * usage.is_cut}{usage.wall:.2f} s",
        f"{'> ' * usage.is_cut}{usage.wall / ours.wall:.2f} x",
        f"{usage.cpu:.2f} s",
        f"{usage.peak / (1 << 20):.0f} MiB",
        f"{traffic['requests']:,}",
        measuring.shown_size(traffic.get("sent", 0)),
        measuring.shown_size(traffic.get("received", 0)),
        ", ".join(f"{number:,} {method}" for method, number in methods),
    )


def remove(path):
    """Remove what is not needed any more, so that the disk holds one run at a time."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    main()
