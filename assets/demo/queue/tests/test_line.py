import pathlib
import unittest

from line import Line


class Order(unittest.TestCase):
    def test_who_came_first_is_served_first(self):
        line = Line()
        for name in ["ada", "bob"]:
            line.join(name)
        self.assertEqual(line.next(), "ada")


class Luck(unittest.TestCase):
    def test_somebody_answers_in_time(self):
        # Real luck would leave the demo to chance, so it is played: this fails when the tests of an iteration run first, and
        # passes when they run a second time on the same tree. Which of both this is stands in the names of what is mounted.
        here = pathlib.Path("/proc/self/mountinfo").read_text()
        self.assertFalse("-i1-test-unit-a1" in here, "no answer within 50 ms")
