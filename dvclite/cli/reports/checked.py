"""What is damaged, and what was done about it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from dvclite.cli.console import Console
from dvclite.cli.names import Names
from dvclite.cli.text import count, printable, size
from dvclite.damage import Damage, What
from dvclite.repo.anyrepo import AnyRepo
from dvclite.repo.results.keeping import Checked

_MOST = 10


def show(console: Console, repo: AnyRepo, checked: Checked, *, as_json: bool, repair: bool) -> None:
    """Tell what is damaged, a line for each thing, and how much was looked at."""
    if as_json:
        from dvclite.cli.console import plain

        console.json({**plain(checked), "ok": checked.ok})
        return
    names = Names(repo.root)
    most = None if console.verbose else _MOST
    console.write(_lines(names, checked.damages, most))
    for reason in checked.unavailable:
        console.warn(reason)
    console.say(_summary(checked))
    if not checked.ok:
        console.hint(_hint(checked, repair=repair))


def _lines(names: Names, damages: Iterable[Damage], most: int | None) -> Iterator[str]:
    """Yield a line for each damage; of what was repaired in one way no more than a few."""
    alike: Counter[tuple[str, ...]] = Counter()
    for damage in damages:
        sort = (damage.what, damage.reason, damage.action)
        alike[sort] += damage.repaired
        if most is None or alike[sort] <= most or not damage.repaired:
            yield _line(names, damage, most)
    for (what, reason, action), number in alike.items():
        if most is not None and number > most:
            rest = count(number - most, f"more {what}")
            yield f"repaired: {rest}: {printable(reason)} ({printable(action)}); -v shows them"


def _line(names: Names, damage: Damage, most: int | None) -> str:
    mark = "repaired" if damage.repaired else "DAMAGED"
    place = f" in pack {damage.pack}" if damage.pack else ""
    paths = "".join(f", {part}" for part in _paths(names, damage, most))
    action = f" ({printable(damage.action)})" if damage.action else ""
    name = printable(damage.name)
    return f"{mark}: {damage.what} {name}{place}{paths}: {printable(damage.reason)}{action}"


def _paths(names: Names, damage: Damage, most: int | None) -> Iterator[str]:
    yield from (names.shown(path) for path in damage.paths[:most])
    if most is not None and len(damage.paths) > most:
        yield f"… and {len(damage.paths) - most:,} more paths"


def _summary(checked: Checked) -> str:
    looked = ", ".join(
        [count(checked.packs, "pack"), count(checked.blobs, "blob"), f"{size(checked.size)} read"]
    )
    bad = sum(not damage.repaired for damage in checked.damages)
    repaired = len(checked.damages) - bad
    parts = [f"{count(repaired, 'thing')} repaired"] if repaired else []
    parts += [f"{count(bad, 'thing')} damaged or missing"] if bad else []
    return f"{'; '.join(parts) or 'All is well'}: {looked}"


def _hint(checked: Checked, *, repair: bool) -> str:
    if not repair:
        return "`--repair` keeps what is whole, and looks for the rest elsewhere"
    data = (What.BLOB, What.TREE, What.RECIPE)
    lost = any(one.what in data for one in checked.damages if not one.repaired)
    if lost:
        return "add the original files again, or ask whoever has the data to run `dvclite push`"
    return "`ls -l` shows who may change what is left"
