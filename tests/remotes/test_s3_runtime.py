"""What the AWS Common Runtime is good for where it is installed, and what is said where it is not."""

import importlib.util

import pytest

from dvclite.errors import RemoteSetupError, RemoteUnavailableError

has_runtime = importlib.util.find_spec("awscrt") is not None


@pytest.mark.skipif(has_runtime, reason="the AWS Common Runtime is installed")
def test_a_login_that_needs_the_runtime_says_so(s3, tmp_path, calls, fails):
    config = tmp_path / "config"
    config.write_text("[profile work]\nlogin_session = arn:aws:iam::123456789012:user/me\n")
    options = {"configpath": str(config), "profile": "work"}
    remote = s3.open(without=("access_key_id", "secret_access_key"), **options)
    error = fails(RemoteSetupError, calls["stat"], remote, None)

    assert "needs the AWS Common Runtime" in str(error)
    assert error.hint == "run `pip install 'boto3[crt]'`"


@pytest.mark.skipif(not has_runtime, reason="the AWS Common Runtime is not installed")
@pytest.mark.parametrize("algorithm", ["CRC64NVME", "CRC32C", "CRC32"])
def test_what_others_stored_is_verified_on_its_way(s3, relay, tmp_path, algorithm):
    s3.client.put_object(Bucket=s3.bucket, Key="k", Body=bytes(5000), ChecksumAlgorithm=algorithm)
    s3.open().get("k", tmp_path / "whole")
    damaging = s3.open(endpointurl=relay(s3.endpoint, "damage-answer", 100, 1))

    assert (tmp_path / "whole").read_bytes() == bytes(5000)
    with pytest.raises(RemoteUnavailableError, match="damaged"):
        damaging.get("k", tmp_path / "out")
