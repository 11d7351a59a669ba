import unittest

from retries import tries


class Retries(unittest.TestCase):
    def test_reads_are_tried_three_times(self):
        self.assertEqual(tries("read"), 3)

    def test_writes_are_tried_once(self):
        self.assertEqual(tries("write"), 1)
