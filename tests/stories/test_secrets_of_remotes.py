"""What opens a bucket is seen by nobody: not in what commands print, nor in what git tracks."""

import base64
import json
import os

import click
import pytest

from dvclite.cli import main

pytestmark = pytest.mark.slow

SECRET = "canary-3f9c1b7e"
CUSTOMER_KEY = base64.b64encode(f"{SECRET}-customer-key-xx".encode()).decode()
OPTIONS = {
    "access_key_id": f"AKIA-{SECRET}",
    "secret_access_key": f"{SECRET}/secret+key",
    "session_token": f"{SECRET}/token",
}
HTML = b"<html>log in to the hotel's network</html>"


def refused(code):
    """An answer that repeats what it was sent, as S3 does."""
    said = f"<Code>{code}</Code><Message>No.</Message>"
    repeated = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in {
            "AWSAccessKeyId": OPTIONS["access_key_id"],
            "Token-0": OPTIONS["session_token"],
            "StringToSign": SECRET,
        }.items()
    )
    return f"<Error>{said}{repeated}</Error>".encode()


COMMANDS = [
    "add more --desc a --force",
    "cache dir",
    "cache size",
    "check-ignore more",
    "checkout",
    "checkout --rev HEAD more",
    "commit",
    "completion bash",
    "config --list --show-origin",
    "config --list",
    "config remote.cloud.secret_access_key",
    "config remote.cloud.url",
    "config core.remote cloud",
    "config remote.cloud.secret_access_key",
    "diff",
    "diff HEAD",
    "doctor",
    "doctor --json",
    "fetch",
    "fetch --all-commits",
    "fetch --dry",
    "fsck",
    "fsck --remote",
    "fsck --remote --data",
    "fsck --remote --repair",
    "gc --dry",
    "gc --force --workspace",
    "hook post-checkout",
    "hook post-merge",
    "hook post-rewrite amend",
    "hook pre-push",
    "init",
    "install",
    "migrate --dry",
    "move more moved",
    "move moved more",
    "pull",
    "pull --json",
    "push",
    "push --json",
    "push -r cloud -j 2",
    "remote add --force other {url}",
    "remote default",
    "remote list",
    "remote list --json",
    "remote modify other jobs 4",
    "remote modify cloud no_such_option {secret}",
    "remote modify cloud password {secret}",
    "remote modify cloud --unset password",
    "remote modify cloud --unset no_such_option",
    "remote remove other",
    "remote rename cloud cloud2",
    "remote rename cloud2 cloud",
    "remote test",
    "remote test --json",
    "remove --help",
    "root",
    "status",
    "status -c",
    "status --json -c",
    "unprotect more",
    "update",
]


def named(group=main, before=()):
    """Yield every command that there is, as words."""
    context = click.Context(group)
    for name in {*group.list_commands(context), "hook"} if group is main else group.commands:
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from named(command, (*before, name))
        else:
            yield (*before, name)


def test_no_command_is_forgotten():
    tried = {tuple(line.split()) for line in COMMANDS}

    for words in named():
        assert any(line[: len(words)] == words for line in tried), words


class Watched:
    """A repository whose commands' output is looked through for secrets."""

    def __init__(self, repo, url, secrets):
        self.repo = repo
        self.url = url
        self.secrets = secrets
        self.codes = {}

    def try_all(self):
        for line in COMMANDS:
            for volume in ([], ["-vv"]):
                done = self.repo.invoke(*self.words(line), *volume)
                self.look_through(line, done)
                self.codes[line] = done.exit_code
        self.look_at_git()

    def words(self, line):
        return [word.format(url=self.url, secret=SECRET) for word in line.split()]

    def look_through(self, line, done):
        for secret in self.secrets:
            assert secret not in done.stdout + done.stderr, line

    def look_at_git(self):
        """Nothing that git tracks or would track holds a secret, nor anything that dvclite derives."""
        self.repo.commit("Whatever there is")
        shown = self.repo.git("log", "--patch", "--all") + self.repo.git("status", "--ignored")
        private = self.repo.root / ".dvclite" / "config.local"
        for path in self.repo.root.rglob("*"):
            if path.is_file() and path != private:
                data = path.read_bytes()
                assert not [secret for secret in self.secrets if secret.encode() in data], path
        assert not [secret for secret in self.secrets if secret in shown]


@pytest.fixture
def with_data(repo):
    repo.write("more", "content\n" * 1000)
    repo.invoke("add", "more")
    repo.commit("Data")
    return repo


@pytest.fixture
def s3_watched(with_data, s3_bucket):
    """A repository with an S3 remote: `s3_watched(address) -> Watched`."""

    def s3_watched(address=None, **more):
        bucket = s3_bucket("moto")
        url = f"s3://{bucket.name}/p"
        with_data.invoke("remote", "add", "--default", "cloud", url)
        options = {**OPTIONS, "endpointurl": address or os.environ["AWS_ENDPOINT_URL"], **more}
        for name, value in options.items():
            assert with_data.invoke("remote", "modify", "cloud", name, value).exit_code == 0
        return Watched(with_data, url, [SECRET, CUSTOMER_KEY])

    return s3_watched


@pytest.fixture
def gcs_watched(with_data, guarded_gcs_server, tmp_path):
    """A repository with a Google Cloud Storage remote: `gcs_watched(address) -> Watched`."""
    storage = pytest.importorskip("google.cloud.storage")
    from google.auth.credentials import AnonymousCredentials

    def gcs_watched(address=None, token=f"{SECRET}-token"):
        client = storage.Client(
            "test",
            AnonymousCredentials(),
            client_options={"api_endpoint": guarded_gcs_server.address},
        )
        name = client.create_bucket(f"bucket-{os.urandom(6).hex()}").name
        client.close()
        guarded_gcs_server.grant(name, "roles/storage.objectUser")
        key = tmp_path / "key.json"
        key.write_text(json.dumps({**guarded_gcs_server.key, "private_key_id": SECRET}))
        url = f"gs://{name}/p"
        with_data.invoke("remote", "add", "--default", "cloud", url)
        for option, value in {
            "credentialpath": key,
            "endpointurl": address or guarded_gcs_server.address,
        }.items():
            done = with_data.invoke("remote", "modify", "--local", "cloud", option, value)
            assert done.exit_code == 0
        lines = guarded_gcs_server.key["private_key"].splitlines()[1:-1]
        return Watched(with_data, url, [SECRET, "PRIVATE KEY", "Bearer ", *lines])

    return gcs_watched


def test_no_command_shows_what_opens_an_s3_bucket(s3_watched):
    watched = s3_watched()

    watched.try_all()

    assert watched.codes["push"] == watched.codes["pull"] == watched.codes["remote test"] == 0


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, refused("InvalidAccessKeyId")), (400, refused("ExpiredToken")), (200, HTML)],
    ids=["refused", "expired", "page"],
)
def test_no_command_shows_what_opens_an_s3_bucket_when_it_is_refused(
    s3_watched, canned, status, body
):
    watched = s3_watched(canned(status, body), sse_customer_key=CUSTOMER_KEY)

    watched.try_all()

    assert watched.codes["push"] in {7, 8}


def test_no_command_shows_what_opens_a_bucket_of_googles(gcs_watched):
    watched = gcs_watched()

    watched.try_all()

    assert watched.codes["push"] == watched.codes["pull"] == watched.codes["remote test"] == 0


@pytest.mark.parametrize("status", [401, 403])
def test_no_command_shows_what_opens_a_bucket_of_googles_when_it_is_refused(
    gcs_watched, canned, status
):
    detail = {"code": status, "message": "No.", "errors": [{"reason": "forbidden"}]}
    watched = gcs_watched(canned(status, json.dumps({"error": detail}).encode()))

    watched.try_all()

    assert watched.codes["push"] in {7, 8}


DEFECT = """
import {module} as module

def fail(*args, **kwargs):
    raise RuntimeError("a defect")

module.{name} = fail
"""


@pytest.mark.parametrize("command", [["push"], ["remote", "test"], ["status", "-c", "-vv"]])
@pytest.mark.parametrize(
    ("fixture", "module", "name"),
    [
        ("s3_watched", "botocore.client", "BaseClient._make_api_call"),
        ("gcs_watched", "google.cloud.storage._http", "Connection.api_request"),
    ],
)
def test_the_traceback_of_a_defect_shows_no_secret(
    request, tmp_path, fixture, module, name, command
):
    watched = request.getfixturevalue(fixture)()
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "sitecustomize.py").write_text(DEFECT.format(module=module, name=name))
    paths = os.pathsep.join([str(shadow), *filter(None, [os.environ.get("PYTHONPATH")])])

    done = watched.repo.run(*command, env={"PYTHONPATH": paths})

    assert "a defect" in done.stderr
    watched.look_through(" ".join(command), done)


def test_a_process_of_its_own_shows_none_either(s3_watched, canned):
    watched = s3_watched(canned(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"))

    for command in (["push", "-vv"], ["remote", "test", "-vv"], ["status", "-cv"]):
        done = watched.repo.run(*command, env={"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "default"})

        assert done.exit_code in {7, 8}
        watched.look_through(" ".join(command), done)
