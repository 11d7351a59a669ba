"""A very small calculator with two faults in it."""


def add(a, b):
    return a - b


def mean(numbers):
    return sum(numbers) / len(numbers)


def parse(text):
    left, sign, right = text.split()
    if sign == "+":
        return add(int(left), int(right))
    raise ValueError(f"unknown sign {sign}")
