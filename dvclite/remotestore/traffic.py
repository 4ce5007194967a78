"""What went to remotes and came from them, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went to remotes and came from them.

    Attributes:
        requests: How many requests, those that were sent again included.
        repeated: How many of these because another had failed.
        sent: How many bytes of content went, those that went again included.
        received: How many came.
    """

    requests: int = 0
    repeated: int = 0
    sent: int = 0
    received: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        """Put together what two commands came to."""
        return Traffic(
            self.requests + other.requests,
            self.repeated + other.repeated,
            self.sent + other.sent,
            self.received + other.received,
        )


NO_TRAFFIC = Traffic()
