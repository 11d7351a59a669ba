"""How often a request is tried."""

TRIES = 2


def tries(kind):
    """For requests that `read`, and for those that `write`."""
    return TRIES
