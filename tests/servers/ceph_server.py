"""An S3 server for the tests: the gateway of a Ceph cluster of one monitor and one disk in memory.

    python ceph_server.py FOLDER KEY SECRET [GIB]

Needs Debian's packages `ceph-mon`, `ceph-osd` and `radosgw`. It keeps what it needs in FOLDER, listens
on free ports of 127.0.0.1, prints its address as the first line once it is ready, and ends with all
that it started when it is told to. It knows one user, who has KEY and SECRET, and room for 4 GiB or as many as are said.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

CONFIG = """\
[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{monitor}/0
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
keyring = {folder}/keyring
run_dir = {folder}/run
admin_socket = {folder}/run/$name.asok
pid_file = {folder}/run/$name.pid
log_file = {folder}/run/$name.log
mon_data = {folder}/monitor
osd_data = {folder}/disk
rgw_data = {folder}/gateway
mon_data_avail_warn = 1
mon_data_avail_crit = 1
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = {room}
osd_max_object_name_len = 2048
rgw_enable_usage_log = false
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
rgw_dynamic_resharding = false

[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:{port}
"""
PATIENCE = 60.0


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


def prepare(folder: Path, port: int, monitor: int, room: int) -> str:
    """Write what the daemons read; return the options that tell them where it is."""
    for name in ("monitor", "disk", "gateway", "run"):
        (folder / name).mkdir(parents=True)
    fsid, config, keys = str(uuid.uuid4()), folder / "ceph.conf", str(folder / "keyring")
    config.write_text(
        CONFIG.format(fsid=fsid, folder=folder, port=port, monitor=monitor, room=room)
    )
    place = f"[v2:127.0.0.1:{monitor}]"
    seed = str(folder / "monmap")
    run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", place, "--clobber", seed)
    rights = {
        "mon.": {"mon": "allow *"},
        "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
        "osd.0": {"mon": "allow profile osd", "osd": "allow *"},
        "client.rgw": {"mon": "allow rwx", "osd": "allow rwx"},
    }
    for number, (name, allowed) in enumerate(rights.items()):
        caps = [word for kind, cap in allowed.items() for word in ("--cap", kind, cap)]
        new = [] if number else ["--create-keyring"]
        run("ceph-authtool", *new, keys, "--gen-key", "-n", name, *caps)
    where = f"--conf={config}"
    run("ceph-mon", where, "-i", "a", "--mkfs", "--monmap", seed, "--keyring", keys)
    return where


def start(where: str, key: str, secret: str) -> list[subprocess.Popen[bytes]]:
    daemons = [subprocess.Popen(["ceph-mon", where, "-f", "-i", "a"], stdout=sys.stderr)]
    disk = str(uuid.uuid4())
    run("ceph", where, "--connect-timeout", "30", "osd", "new", disk, "0")
    run("ceph-osd", where, "-i", "0", "--mkfs", "--osd-uuid", disk)
    for command in (
        ["ceph-osd", where, "-f", "-i", "0"],
        ["radosgw", where, "-f", "-n", "client.rgw"],
    ):
        daemons.append(subprocess.Popen(command, stdout=sys.stderr))
    user = ["--uid=test", "--display-name=test", f"--access-key={key}", f"--secret-key={secret}"]
    run("radosgw-admin", where, "user", "create", *user)
    return daemons


def wait_for(address: str) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        return int(chosen.getsockname()[1])


def main() -> None:
    folder, key, secret, *room = sys.argv[1:]
    port, gib = free_port(), int(room[0]) if room else 4
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.environ["CEPH_ARGS"] = ""
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        daemons += start(prepare(Path(folder), port, free_port(), gib << 30), key, secret)
        address = f"http://127.0.0.1:{port}"
        wait_for(address)
        print(address, flush=True)
        daemons[-1].wait()
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in reversed(daemons):
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()


if __name__ == "__main__":
    main()
