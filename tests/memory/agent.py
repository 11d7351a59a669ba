"""A simulated agent, for the measurement of what the memory of bugs is worth. It is no model: it knows six ways to repair a line
and tries them in an order that is chance. Of what was learned elsewhere it reads the prompt's bytes only, by these rules:

1. A line of the prompt that begins with `+` (blanks before it are left out) and has one of the six repairs in it is a hint. Hints
   come in the order of the prompt, each once.
2. It tries what it has not tried yet: hints first, then the rest in its own order, which follows from the name of the fault.
3. What it has tried stands in a remark behind the line, so that it tries nothing twice, with hints or without.
"""

import hashlib
import re
import sys

REPAIRS = ["trimmed", "lowered", "rounded", "whole", "ordered", "defaulted"]
LINE = re.compile(r"^    return (?:(?:%s)\()?(raw\('([a-z_]+)'\))\)?  # value; tried:(.*)$" % "|".join(REPAIRS), re.M)

prompt = sys.stdin.read()
with open("work.py", encoding="utf-8") as file:
    text = file.read()
found = LINE.search(text)
if found is None:
    sys.exit("work.py has no line to repair")
raw, name, tried = found.group(1), found.group(2), found.group(3).split()
hints = []
for line in prompt.splitlines():
    line = line.strip()
    if line.startswith("+"):
        hints += [repair for repair in REPAIRS if re.search(r"\b%s\(" % repair, line) and repair not in hints]
own = sorted(REPAIRS, key=lambda repair: hashlib.sha256((name + repair).encode()).digest())
left = [repair for repair in hints + own if repair not in tried]
if left:
    choice = left[0]
    new = "    return %s(%s)  # value; tried: %s" % (choice, raw, " ".join(tried + [choice]))
    with open("work.py", "w", encoding="utf-8") as file:
        file.write(text.replace(found.group(0), new))
print('{"dogwatch":{"ending":"finished","tokens":10}}')
