import pathlib
import unittest

LINES = pathlib.Path("service.conf").read_text().splitlines()
SETTINGS = dict(line.split(" = ") for line in LINES if not line.startswith("#"))


class Service(unittest.TestCase):
    def test_it_listens(self):
        self.assertEqual(SETTINGS["port"], "8080")

    def test_somebody_works(self):
        self.assertGreater(int(SETTINGS["workers"]), 0, "nobody would answer a request")
