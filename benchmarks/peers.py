"""Run dvclite beside other tools that keep data out of git, each as its own manual says.

All store the same files, send them to an empty folder, send nothing new, and bring everything back
in a fresh clone; then one row is inserted into a table, and that is stored and sent. Tools that are
not installed are left out.
"""

import os
import shutil
import sys
from collections import defaultdict
from typing import NamedTuple

import edits
import measuring


class Peer(NamedTuple):
    """What to type, for a shell in a folder with `data` in it; `$REMOTE` is where data is sent.

    Attributes:
        program: What must be installed.
        begin: Sets up a repository and its remote.
        store: Stores `data` on this machine, and commits what says so.
        look: Asks what has changed.
        send: Sends what is not there yet.
        bring: Brings all into the new folder `$CLONE`.
    """

    program: str
    begin: str
    store: str
    look: str
    send: str
    bring: str


DVCLITE = Peer(
    "dvclite",
    "git init -q && dvclite init -q && dvclite remote add -d store $REMOTE",
    "dvclite add -q data && git add --all && git commit -q -m data",
    "dvclite status",
    "dvclite push -q",
    "git clone -q . $CLONE && cd $CLONE && dvclite pull -q",
)
PEERS = {
    "dvclite": DVCLITE,
    "DVC": Peer("dvc", *(words.replace("dvclite", "dvc") for words in DVCLITE[1:])),
    "Git LFS": Peer(
        "git-lfs",
        "git lfs install --skip-repo && git init -q --bare $REMOTE && git init -q"
        " && git lfs install --local && git remote add origin file://$REMOTE"
        " && git lfs track 'data' 'data/**'",
        "git add --all && git commit -q -m data",
        "git status",
        "git push -q origin HEAD:refs/heads/data",
        "git clone -q -b data file://$REMOTE $CLONE",
    ),
    "git-annex": Peer(
        "git-annex",
        "mkdir $REMOTE && git init -q && git annex init -q && git annex initremote -q store"
        " type=directory directory=$REMOTE encryption=none",
        "git annex add -q . && git commit -q -m data",
        "git status",
        "git annex copy -q --to store",
        "git clone -q . $CLONE && cd $CLONE && git annex init -q && git annex enableremote -q store"
        " directory=$REMOTE && git annex get -q --from store .",
    ),
    "restic": Peer(
        "restic",
        "restic -q -r $REMOTE init",
        "",
        "",
        "restic -q -r $REMOTE backup data",
        "restic -q -r $REMOTE restore latest --target $CLONE",
    ),
}
STEPS = ("store", "status", "send", "send, nothing new", "bring back")


def main():
    options = measuring.parser(__doc__)
    options.add_argument("--files", type=int, default=2000, help="how many small files")
    options.add_argument("--size", type=measuring.size, default="4KiB", help="of each small file")
    options.add_argument("--table", type=measuring.size, default="20MB", help="of the table")
    options.add_argument("--runs", type=int, default=1, help="of which the medians are shown")
    options.add_argument("--dvc", metavar="PATH", type=measuring.program, help="a DVC to measure")
    chosen = options.parse_args()
    with measuring.scratch(chosen.folder) as place:
        prepare(place / "bin", chosen)
        peers = {name: peer for name, peer in PEERS.items() if shutil.which(peer.program)}
        files = place / "files"
        measuring.make_files(files, chosen.files, chosen.size)
        many(peers, files, place, chosen)
        after_an_edit(peers, place, chosen)


def prepare(programs, chosen):
    """Let a shell find the programs that were chosen, and give all what they ask for."""
    programs.mkdir()
    for name, path in (("dvclite", chosen.dvclite), ("dvc", chosen.dvc)):
        if path:
            (programs / name).symlink_to(path)
    os.environ.update(
        PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
        RESTIC_PASSWORD="secret",
        DVC_NO_ANALYTICS="1",
        # Git LFS does not find what git packs at that moment.
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="gc.auto",
        GIT_CONFIG_VALUE_0="0",
        **{
            f"GIT_{who}_{what}": "benchmark@example.com"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    )


def many(peers, files, place, chosen):
    """Print what each step takes on many small files, beside what it takes dvclite."""
    usages, left = defaultdict(list), {}
    for number in range(chosen.runs):
        for name, peer in peers.items():
            print(f"run {number + 1} of {chosen.runs}, {name}", file=sys.stderr)
            folder = place / f"{number} {name}"
            shutil.copytree(files, folder / "here/data")
            type_in(peer.begin, folder)
            words = (peer.store, peer.look, peer.send, peer.send, peer.bring)
            for step, typed in zip(STEPS, words, strict=True):
                if typed:
                    usages[name, step].append(type_in(typed, folder))
            measuring.run(["diff", "-r", files, folder / "clone/data"], cwd=folder)
            left[name] = stored(folder / "remote")
    shown = {key: measuring.medians(values) for key, values in usages.items()}
    rows = [
        (
            f"{name} {step}",
            f"{usage.wall:.2f} s",
            f"{usage.wall / shown['dvclite', step].wall:.1f} x",
            f"{usage.cpu:.2f} s",
            f"{usage.peak / (1 << 20):.0f} MiB",
        )
        for step in STEPS
        for name in peers
        if (usage := shown.get((name, step)))
    ]
    size = measuring.shown_size(chosen.size)
    heading = ("step", "time", "beside dvclite", "CPU", "memory")
    measuring.print_table(f"{chosen.files:,} files of {size}", heading, rows)
    rows = [(name, f"{files:,}", edits.mb(size)) for name, (files, size) in left.items()]
    measuring.print_table("What is at the remote then", ("tool", "files", "bytes"), rows)


def after_an_edit(peers, place, chosen):
    """Print by how much each remote grows with a table, and with a row that is inserted there."""
    versions = [edits.make_table(chosen.table)]
    versions.append(edits.insert_rows(versions[0], 1))
    rows = []
    for name, peer in peers.items():
        print(f"one row inserted, {name}", file=sys.stderr)
        folder = place / f"table {name}"
        table = folder / "here/data"
        table.parent.mkdir(parents=True)
        type_in(peer.begin, folder)
        sizes = [0]
        for version in versions:
            table.unlink(missing_ok=True)  # It may be a link into what was stored.
            table.write_bytes(version)
            type_in(peer.store, folder)
            type_in(peer.send, folder)
            sizes.append(stored(folder / "remote")[1])
        rows.append((name, edits.mb(sizes[1]), edits.mb(sizes[2] - sizes[1])))
    title = f"Bytes that a remote grows by, a table of {edits.mb(len(versions[0]))}"
    measuring.print_table(title, ("tool", "first", "one row inserted"), rows)


def type_in(words, folder):
    """Have a shell do what is typed, and return its Usage."""
    where = f"REMOTE='{folder}/remote' CLONE='{folder}/clone'"
    quoted = words.replace("$REMOTE", '"$REMOTE"').replace("$CLONE", '"$CLONE"')
    return measuring.measured(["sh", "-c", f"{where}; {quoted or ':'}"], cwd=folder / "here")


def stored(remote):
    """Return how many files are below a folder, and how many bytes are in them."""
    sizes = [path.stat().st_size for path in remote.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


if __name__ == "__main__":
    main()
