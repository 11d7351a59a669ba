"""What things cost, in cents."""

PRICES = {"tea": 450, "cup": 1200}


def total(items):
    """The sum of a basket; things that are not sold cost nothing."""
    return sum(PRICES[item] for item in items)


def average(items):
    """What a thing of the basket costs on average."""
    return total(items) / len(items)


def shown(cents):
    """A price for people."""
    return f"{cents // 100}.{cents % 100}"
