"""Puts a fault into a fetched project and writes the replay script that repairs it at the third attempt.

Usage: prepare.py FILE_IN_REPOSITORY REPOSITORY SCRIPT GOOD FAULT WRONG1 WRONG2
"""

import json
import pathlib
import sys


def main(name, repository, script, good, fault, wrong1, wrong2):
    path = pathlib.Path(repository, name)
    text = path.read_text(encoding="utf-8")
    if text.count(good) != 1:
        sys.exit(f"{name}: the text to break is there {text.count(good)} times, not once; is this the right version?")
    path.write_text(text.replace(good, fault), encoding="utf-8")
    turns = [
        ("The first idea", fault, wrong1, None),
        ("A second idea", wrong1, wrong2, "done"),
        ("Now it is clear", wrong2, good, "done"),
    ]
    iterations = [
        {
            "say": f"{say}: editing {name}.\n",
            "edits": [{"path": name, "replace": {"old": old, "new": new}}],
            "claims": claims,
            "exit": 0,
        }
        for say, old, new, claims in turns
    ]
    pathlib.Path(script).write_text(json.dumps({"replay": 1, "iterations": iterations}, indent=1), encoding="utf-8")


main(*sys.argv[1:])
