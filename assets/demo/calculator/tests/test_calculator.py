import unittest

from calculator import add, mean, parse


class Calculator(unittest.TestCase):
    def test_adds_numbers(self):
        self.assertEqual(add(2, 3), 5, "two and three")

    def test_adds_nothing(self):
        self.assertEqual(add(7, 0), 7)

    def test_reads_a_sum(self):
        self.assertEqual(parse("2 + 3"), 5, "a sum that was read")

    def test_the_mean_of_three(self):
        self.assertEqual(mean([1, 2, 3]), 2)

    def test_the_mean_of_nothing(self):
        self.assertEqual(mean([]), 0)
