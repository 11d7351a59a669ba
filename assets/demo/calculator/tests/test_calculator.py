import pytest

from calculator import add, mean, parse


def test_add():
    assert add(2, 3) == 5


def test_mean():
    assert mean([1, 2, 3]) == 2


def test_mean_of_nothing_is_zero():
    assert mean([]) == 0


def test_parse():
    assert parse("2 + 3") == 5


def test_unknown_signs_are_refused():
    with pytest.raises(ValueError):
        parse("2 ? 3")
