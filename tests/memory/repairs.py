"""Six ways to repair a value. What does not fit a value leaves it as it is."""


def trimmed(value):
    return value.strip() if isinstance(value, str) else value


def lowered(value):
    return value.lower() if isinstance(value, str) else value


def rounded(value):
    return round(value, 2) if isinstance(value, float) else value


def whole(value):
    return str(int(value)) if isinstance(value, float) else value


def ordered(value):
    return sorted(value) if isinstance(value, list) else value


def defaulted(value):
    return [] if value is None else value
