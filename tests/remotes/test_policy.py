"""The policy in the guide is enough for all that dvclite does, and no word of it is idle."""

import json
import re
import types
from functools import partial
from pathlib import Path

import pytest

import dvclite_s3
from dvclite.errors import AccessDeniedError
from dvclite.remotecheck import check_remote
from dvclite.testing.conformance import RemoteConformance

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "aws.md"
ACTIONS = [
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
]
LARGE = 11 << 20
IN_PARTS = types.MappingProxyType({"multipart_threshold": "5MiB", "multipart_chunksize": "5MiB"})


class GivenUpError(Exception):
    """Raised where bytes move, as when a user presses Ctrl-C."""


@pytest.fixture(scope="module")
def policy():
    """The policy of the guide, as text."""
    found = re.search(
        r"<!-- file: policy.json -->\n```json\n(.*?)```",
        GUIDE.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    return found[1]


@pytest.fixture
def guarded(s3, gate, policy, tmp_path):
    """Let the bench's remotes do no more than the policy says: `guarded(*options of the gate)`."""

    def guarded(*options):
        path = tmp_path / "policy.json"
        path.write_text(policy.replace("acme-datasets", s3.bucket))
        s3.options["endpointurl"] = gate(s3.endpoint, "--policy", path, *options)
        return s3

    return guarded


@pytest.mark.slow
class TestUnderThePolicyOfTheGuide(RemoteConformance):
    @pytest.fixture
    def remote(self, guarded):
        bench = guarded()
        self.chosen = {**bench.options, **IN_PARTS}
        return bench.open("project", **IN_PARTS)

    def opener(self, remote):
        return partial(dvclite_s3.open, remote.url, self.chosen)


def test_the_policy_names_what_it_should_and_the_guide_explains_each(policy):
    named = set()
    for statement in json.loads(policy)["Statement"]:
        actions = statement["Action"]
        named |= {actions} if isinstance(actions, str) else {*actions}

    assert sorted(named) == ACTIONS
    guide = GUIDE.read_text(encoding="utf-8")
    assert all(re.search(rf"^\|[^|]*`{action}`", guide, re.MULTILINE) for action in ACTIONS)


def test_the_policy_allows_nothing_beside_the_folder(guarded, source):
    remote = guarded().open("elsewhere")

    for call in (lambda: remote.put("k", source(b"x")), lambda: remote.get("k", source(b"x"))):
        with pytest.raises(AccessDeniedError):
            call()


@pytest.mark.parametrize("action", [action for action in ACTIONS if "Multipart" not in action])
def test_without_one_of_its_words_something_cannot_be_done(guarded, tmp_path, action):
    remote = guarded("--deny", action).open("project")

    lacking = [
        result for result in check_remote(remote, tmp_path / "scratch") if result.ok is False
    ]

    assert lacking
    assert all(action in result.detail for result in lacking)


@pytest.mark.parametrize(("options", "left"), [((), 0), (("--deny", "s3:AbortMultipartUpload"), 1)])
def test_parts_of_an_interrupted_push_are_taken_back_by_who_may(guarded, source, options, left):
    bench = guarded(*options)
    remote = bench.open("project", **IN_PARTS)

    def give_up(count):
        raise GivenUpError

    with pytest.raises(GivenUpError):
        remote.put("k", source(LARGE), moved=give_up)

    uploads = bench.client.list_multipart_uploads(Bucket=bench.bucket).get("Uploads", [])
    assert len(uploads) == left
