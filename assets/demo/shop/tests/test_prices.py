import unittest

import prices


class Prices(unittest.TestCase):
    def test_a_basket_has_a_total(self):
        self.assertEqual(prices.total(["tea", "cup"]), 1650)

    def test_cents_have_two_digits(self):
        self.assertEqual(prices.shown(1205), "12.05")

    def test_an_empty_basket_has_an_average(self):
        self.assertEqual(prices.average([]), 0)
