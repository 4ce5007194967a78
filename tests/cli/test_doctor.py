"""`dvclite doctor`."""

import shutil


def test_everything_that_was_looked_at_is_told(data, answer):
    done = data.run("doctor")
    findings = {item["name"]: item for item in answer(data.invoke("doctor", "--json"))}

    assert (done.exit_code, done.stderr) == (0, "")
    assert "ok   git " in done.stdout
    assert "ok   pointers             2\n" in done.stdout
    assert findings["repository"]["detail"] == str(data.root)


def test_advice_is_given_to_the_curious(data):
    assert "dvclite install" not in data.invoke("doctor").stdout
    assert "dvclite install" in data.invoke("doctor", "-v").stdout


def test_what_is_wrong_is_told_with_the_way_out(data):
    data.write("images.dvc", "outs: [")

    done = data.run("doctor")

    assert done.exit_code == 1
    line = next(line for line in done.stdout.splitlines() if line.startswith("BAD "))
    assert "images.dvc" in line


def test_a_cache_that_cannot_be_written_is_a_finding(data, answer):
    shutil.rmtree(data.root / ".dvclite/cache/tmp")
    data.write(".dvclite/cache/tmp", "in the way")

    done = data.run("doctor", "--json")
    findings = {item["name"]: item for item in answer(done)}

    assert done.exit_code == 1
    assert not findings["links"]["ok"]
    assert findings["pointers"]["ok"]


def test_it_works_outside_of_a_repository(cli):
    done = cli("version")

    assert done.exit_code == 0
    assert done.stdout.startswith("ok   dvclite ")
