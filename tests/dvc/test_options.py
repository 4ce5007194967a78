"""Settings that DVC takes are put up with, kept, and named where they change nothing here."""

import pytest

from dvclite.formats import dvchome

EXPECTED = {
    **dict.fromkeys(("use_ssl", "ssl_verify", "verify", "no_traverse", "listobjects"), "true"),
    **dict.fromkeys(("jobs", "checksum_jobs", "read_timeout", "connect_timeout"), "3"),
    "cache_regions": "false",
    "endpointurl": "http://127.0.0.1:1",
    "shared": "group",
    "type": "reflink,copy",
    "protected": "false",
    "slow_link_warning": "false",
    "sse_customer_key": "a2V5",
    "version_aware": "false",
    "worktree": "false",
    "allow_anonymous_login": "false",
}
# They exclude others, or have to lead to a file.
LEFT_OUT = {"url", "cache_regions", "sse_customer_algorithm", "sse_customer_key", "session_token"}
LEFT_OUT |= {"credentialpath", "configpath", "profile", "access_key_id", "secret_access_key"}


@pytest.mark.parametrize(
    ("scheme", "url"), [("", "../x"), ("s3", "s3://bucket"), ("gs", "gs://b-a")]
)
def test_every_option_of_a_remote(shared, scheme, url):
    shared.dvc("remote", "add", "-d", "store", url)
    options = (dvchome._REMOTES[scheme] | dvchome._EVERY) - LEFT_OUT
    for option in sorted(options):
        if option.startswith("grant_"):
            continue
        shared.dvc("remote", "modify", "store", option, EXPECTED.get(option, "some"))
    before = shared.read(".dvc/config")
    shared.write("a", "a")
    shared.lite("add", "a")
    done = shared.invoke("remote", "test", "store")
    assert "unknown option" not in done.stdout + done.stderr
    shared.lite("remote", "modify", "store", "jobs", "5")
    assert shared.read(".dvc/config") == before.replace(b"jobs = 3\n", b"jobs = 5\n", 1).replace(
        b"checksum_jobs = 5", b"checksum_jobs = 3"
    ).replace(b"    jobs = 3", b"    jobs = 5")
    shared.dvc("status")


CONFIG = """\
# kept
[core]
    analytics = false
    checksum_jobs = 2
    hardlink_lock = false
    interactive = true
    check_update = false
    site_cache_dir = /tmp/site
    experiments = true
    machine = none
[feature]
    whatever = 1
[exp]
    auto_push = true
[hydra]
    enabled = false
[plots]
    auto_open = true
[parsing]
    bool = store_true
[cache]
    slow_link_warning = false
['remote "store"']
    url = ../store
    verify = false
"""


def test_sections_that_are_dvcs_own(shared, tmp_path):
    (tmp_path / "store").mkdir()
    shared.write(".dvc/config", CONFIG)
    shared.write("a", "a")
    for words in (["add", "a"], ["status"], ["push"], ["fetch"], ["checkout"], ["gc", "--force"]):
        shared.lite(*words)
    assert shared.read(".dvc/config") == CONFIG.encode()
    shared.lite("config", "core.autostage", "true")
    text = shared.read(".dvc/config").decode()
    assert text.replace("    autostage = true\n", "") == CONFIG
    told = shared.invoke("doctor").stdout
    for name in (
        "core.checksum_jobs",
        "core.site_cache_dir",
        "core.interactive",
        "remote.store.verify",
    ):
        assert name in told
    assert "core.analytics" not in told
