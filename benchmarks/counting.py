"""A remote that takes its time and counts: a plugin that dvclite finds as it finds all others.

It passes everything on to a directory. Each call takes as long as it does over a network, and when
dvclite lets go of the remote, it writes down what was asked of it.
"""

import json
import os
import shutil
from pathlib import Path

SCHEME = "counted"


def install(place):
    """Let every dvclite that is started from here on find this plugin, from a new folder in `place`."""
    folder = place / "plugin"
    package = folder / "dvclite_counting-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: dvclite-counting\nVersion: 1\n")
    (package / "entry_points.txt").write_text(f"[dvclite.remotes]\n{SCHEME} = counting:open\n")
    shutil.copy(__file__, folder / "counting.py")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def address(folder):
    """Return the address of such a remote that keeps its data in `folder`."""
    return f"{SCHEME}://{folder.as_posix()}"


def options(report, latency=0.0):
    """Return the options of a remote whose calls take `latency` seconds longer."""
    return {"report": str(report), "latency": str(latency)}


def read(report):
    """Return what was asked of the remote since this was last read."""
    traffic = json.loads(report.read_text())
    report.unlink()
    return traffic


def open(url, options):
    """Return the remote at an address. This is what the plugin's entry point names."""
    from dvclite.testing.faults import FaultyRemote, Plan
    from dvclite_local import open as open_directory

    class Counted(FaultyRemote):
        def close(self):
            super().close()
            told = self.traffic
            traffic = {
                "calls": dict(told.calls),
                "requests": told.requests,
                "sent": told.sent,
                "received": told.received,
                "at_once": told.at_once,
            }
            Path(options["report"]).write_text(json.dumps(traffic))

    directory = open_directory(url.removeprefix(f"{SCHEME}://"), {})
    return Counted(directory, Plan(latency=float(options["latency"])))
