"""Whoever writes into the tracked config gets at nothing that the user has."""

import json

import pytest


@pytest.fixture
def key_file(home):
    path = home / "key.json"
    fields = {"client_id": "i", "client_secret": "s", "refresh_token": "canary-token"}
    path.write_text(json.dumps({"type": "authorized_user", **fields}))
    return path


def set_tracked(repo, **options):
    """Write options into the tracked config as a stranger does, past `remote modify`."""
    path = repo.root / ".dvclite/config"
    lines = "".join(f"    {name} = {value}\n" for name, value in options.items())
    path.write_text(f"{path.read_text()}['remote \"cloud\"']\n{lines}")


def set_local(repo, name, value):
    done = repo.invoke("remote", "modify", "--local", "cloud", name, value)
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("tracked", ["endpointurl", "credentialpath"])
def test_googles_tokens_go_to_no_server_that_a_repository_names(repo, canned, key_file, tracked):
    address = canned(200, b"{}")
    own = {"endpointurl": address, "credentialpath": str(key_file)}
    set_tracked(repo, url="gs://some-bucket", **{tracked: own[tracked]})
    for name in own.keys() - {tracked}:
        set_local(repo, name, own[name])
    done = repo.invoke("push", "-r", "cloud")

    assert done.exit_code == 7
    assert f"no credentials are sent to {address}, since {tracked} comes with" in done.stderr
    assert f"set {tracked} with `dvclite remote modify --local`" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert canned.asked == []


def test_a_server_and_credentials_that_the_user_names_are_used(repo, canned, key_file):
    set_tracked(repo, url="gs://some-bucket")
    set_local(repo, "endpointurl", canned(200, b"{}"))
    fields = json.loads(key_file.read_text())
    key_file.write_text(json.dumps({**fields, "token_uri": canned(401, b"{}")}))
    set_local(repo, "credentialpath", str(key_file))
    done = repo.invoke("push", "-r", "cloud")

    assert "comes with the repository" not in done.stderr


def test_the_environment_is_the_users_own(repo, canned, key_file, monkeypatch):
    set_tracked(repo, url="gs://some-bucket", allow_anonymous_login="true")
    monkeypatch.setenv("DVCLITE_REMOTE_CLOUD_ENDPOINTURL", canned(200, b'{"kind": "x"}'))
    repo.invoke("push", "-r", "cloud")

    assert canned.asked


@pytest.mark.parametrize("option", ["configpath", "credentialpath"])
def test_a_repository_runs_no_program_by_way_of_the_aws_configuration(repo, s3, tmp_path, option):
    mark = tmp_path / "was-here"
    repo.write("aws", f"[default]\ncredential_process = touch {mark}\n")
    set_tracked(
        repo,
        url=f"s3://{s3.bucket}",
        endpointurl=s3.endpoint,
        region="us-east-1",
        **{option: "../aws"},
    )
    refused = repo.invoke("push", "-r", "cloud")

    assert refused.exit_code == 7
    assert f"{option} comes with the repository" in refused.stderr
    assert f"set {option} with `dvclite remote modify --local`" in refused.stderr
    assert not mark.exists()

    set_local(repo, option, str(repo.root / "aws"))
    repo.invoke("push", "-r", "cloud")
    assert mark.exists()


def test_a_key_of_ones_own_goes_to_no_server_that_a_repository_names(repo, canned):
    set_tracked(repo, url="s3://some-bucket", endpointurl=canned(200, b""))
    set_local(repo, "sse_customer_key", "c2VjcmV0")
    done = repo.invoke("push", "-r", "cloud")

    assert done.exit_code == 7
    assert "sse_customer_key is not sent" in done.stderr
    assert canned.asked == []
