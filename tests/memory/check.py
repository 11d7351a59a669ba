"""The suite of a faulty project: is the value what it should be? Writes a report in the form of JUnit."""

import sys
from xml.sax.saxutils import quoteattr

import work

cases, failed = ['<testcase classname="steady" name="holds"/>'], False
try:
    value = work.value()
    if value != work.WANTED:
        raise AssertionError(work.SAYS % (value, work.WANTED))
    cases.append('<testcase classname="value" name=%s/>' % quoteattr(work.NAME))
except Exception as error:
    failed = True
    message = str(error) if isinstance(error, AssertionError) else "%s (%s)" % (error, work.ABOUT)
    cases.append(
        '<testcase classname="value" name=%s><failure type=%s message=%s/></testcase>'
        % (quoteattr(work.NAME), quoteattr(type(error).__name__), quoteattr(message))
    )
with open("report.xml", "w", encoding="utf-8") as file:
    file.write("<testsuite>%s</testsuite>" % "".join(cases))
sys.exit(1 if failed else 0)
