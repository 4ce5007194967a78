"""What was found out by trying one thing after another."""

from collections.abc import Iterable

import click

from dvclite.cli.console import Console, spelled
from dvclite.cli.text import printable_lines
from dvclite.remotecheck import CheckResult
from dvclite.repo.results.keeping import Finding

_WIDTH = 20


def show(console: Console, findings: Iterable[Finding | CheckResult], *, as_json: bool) -> bool:
    """Tell findings as they come in; return whether all is well."""
    known = []
    for finding in findings:
        known.append(finding)
        if not as_json:
            _show(console, finding)
    if as_json:
        console.json(known)
    return all(finding.ok is not False for finding in known)


def _show(console: Console, finding: Finding | CheckResult) -> None:
    mark = _mark(finding.ok)
    console.say(f"{mark} {finding.name.ljust(_WIDTH)} {printable_lines(finding.detail)}")
    if finding.hint and (console.verbose or not finding.ok):
        console.say(f"     {' ' * _WIDTH} {printable_lines(spelled(finding.hint))}")


def _mark(ok: bool | None) -> str:
    if ok is None:
        return "    "
    return click.style("ok  ", fg="green") if ok else click.style("BAD ", fg="red")
