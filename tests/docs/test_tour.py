"""The tour of the README works, wherever the data is kept."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "docs" / "tour.py"
DIRECTORY = "../store"


@pytest.fixture
def take(tmp_path):
    """Take the tour to its end, with options."""

    def take(*options):
        done = subprocess.run(
            [sys.executable, TOUR, "--here", "--keep", tmp_path / "tour", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

        assert done.returncode == 0, done.stdout
        assert done.stdout.rstrip().endswith(" checks passed, 0 failed")

    return take


@pytest.mark.slow
def test_the_tour_finds_every_version_byte_for_byte(take, tmp_path):
    take()

    assert (tmp_path / "tour" / "store" / "packs").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("server", ["moto", "localstack", "ceph"])
def test_the_tour_finds_every_version_in_a_bucket_on_an_s3_server(take, s3_bucket, server):
    bucket = s3_bucket(server)

    take("--remote", f"s3://{bucket.name}/tour")

    assert bucket.holds("tour/packs/")


@pytest.mark.slow
def test_the_tour_finds_every_version_in_a_bucket_on_a_google_cloud_storage_server(
    take, gcs_bucket, monkeypatch
):
    take("--remote", f"gs://{gcs_bucket.name}/tour")

    assert gcs_bucket.holds("tour/packs/")


@pytest.fixture
def type_readme(parse, reader):
    """Type all commands of the README, with another place for its remote."""

    def type_readme(address):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        assert DIRECTORY in text
        for step in parse(text.replace(DIRECTORY, address)).steps:
            fault = reader.do(step)
            assert not fault, f"README.md:{step.line}: $ {step.command}\n{fault}"

    return type_readme


def test_the_readme_is_true_of_a_bucket_on_an_s3_server(type_readme, s3_bucket):
    bucket = s3_bucket("moto")

    type_readme(f"s3://{bucket.name}/store")

    assert bucket.holds("store/packs/")


def test_the_readme_is_true_of_a_bucket_on_a_google_cloud_storage_server(type_readme, gcs_bucket):
    type_readme(f"gs://{gcs_bucket.name}/store")

    assert gcs_bucket.holds("store/packs/")
