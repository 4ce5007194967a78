"""How long to wait before a request is sent again, for plugins that speak HTTP."""

import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 60.0
"""Seconds that a server is left alone at most. Where it asks for more, nobody wants to watch."""

_SPREAD = 1.2


def asked_for(headers: Mapping[str, str]) -> float:
    """Return for how many seconds an answer asks to be left alone: 0 where it does not.

    Args:
        headers: Of the answer, by names in any case.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    then = _time(text)
    if then is None:
        return 0.0
    # By the server's clock, where it shows one: ours may be another.
    now = _time(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (then - now).total_seconds())


def wait_as_asked(seconds: float, *, since: float | None = None) -> None:
    """Let a server alone for as long as it asks, and somewhat longer.

    All that were told so at once come back one by one. Ctrl-C ends the wait, as it ends any.

    Args:
        seconds: For how long.
        since: When it asked, by `time.monotonic`; None for now.
    """
    now = time.monotonic()
    until = (now if since is None else since) + seconds * random.uniform(1.0, _SPREAD)  # noqa: S311
    time.sleep(max(0.0, until - now))


def back_off(tries: int) -> None:
    """Wait before another try, the longer the more there were, not in step with anybody else."""
    time.sleep(random.uniform(0.0, 0.2 * 2.0**tries))  # noqa: S311


def _time(text: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(text)
    except ValueError:
        return None
    return time.replace(tzinfo=time.tzinfo or UTC)
