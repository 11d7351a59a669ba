"""Runs the tests below tests/ and writes report.xml, by nothing but Python's standard library."""

import os
import sys
import time
import traceback
import unittest
from xml.sax.saxutils import escape, quoteattr


def place_of(error):
    """Where in the tests something was expected in vain."""
    frames = [frame for frame in traceback.extract_tb(error[2]) if "tests" in frame.filename]
    return f"{os.path.relpath(frames[-1].filename)}:{frames[-1].lineno}: {error[0].__name__}" if frames else ""


class Report(unittest.TextTestResult):
    """Also keeps what became of each test, as JUnit has it."""

    def __init__(self, *args):
        super().__init__(*args)
        self.cases = []
        self.begun = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.monotonic()

    def keep(self, test, kind="", error=None):
        group, _, name = test.id().rpartition(".")
        inside = ""
        if error:
            told = self._exc_info_to_string(error, test) if kind == "error" else place_of(error)
            inside = f"<{kind} type={quoteattr(error[0].__name__)} message={quoteattr(str(error[1]))}>{escape(told)}</{kind}>"
        took = f"{time.monotonic() - self.begun:.3f}"
        self.cases.append(f'<testcase classname={quoteattr(group)} name={quoteattr(name)} time="{took}">{inside}</testcase>')

    def addSuccess(self, test):
        super().addSuccess(test)
        self.keep(test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.keep(test, "failure", error)

    def addError(self, test, error):
        super().addError(test, error)
        self.keep(test, "error", error)


result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Report).run(
    unittest.defaultTestLoader.discover("tests")
)
with open("report.xml", "w") as file:
    file.write(f'<testsuite name="tests" tests="{len(result.cases)}">{"".join(result.cases)}</testsuite>')
sys.exit(not result.wasSuccessful())
