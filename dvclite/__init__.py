"""dvclite: version datasets and models beside git."""

__version__ = "0.1.0"
