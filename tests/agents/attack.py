"""Sends what an agent must not get away with to its run's gateway, one case a line of cases.json, and tells what came of each.

A case is {"name", "call": [tool, arguments]}, {"name", "raw": body of a request to the tools}, or {"name", "http": [method, target,
headers, body]}; a body may be {"times": [text, count]}. It is refused where the answer says so: a status of 400 and more, an
error of the protocol or of the tool, a task that was not possible, or a connection that is closed."""
import json
import os
import socket
from urllib.parse import urlsplit

base = urlsplit(os.environ["ANTHROPIC_BASE_URL"])
ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def send(method, target, headers, body):
    head = "%s %s HTTP/1.1\r\n" % (method, target)
    lines = {"Host": "127.0.0.1:%d" % base.port, "Connection": "close", **headers}
    if not any(name.lower() in ("transfer-encoding", "content-length") for name in lines):
        lines["Content-Length"] = str(len(body))
    head += "".join("%s: %s\r\n" % pair for pair in lines.items()) + "\r\n"
    link = socket.create_connection((base.hostname, base.port), timeout=55)
    answer = b""
    try:
        link.sendall(head.encode("utf-8", "surrogateescape") + body)
        while True:
            piece = link.recv(65536)
            if not piece:
                break
            answer += piece
    except OSError as error:
        if not answer:
            return None, type(error).__name__
    finally:
        link.close()
    if not answer:
        return None, "closed"
    status = int(answer.split(b" ", 2)[1])
    return status, answer.split(b"\r\n\r\n", 1)[1].decode(errors="replace")


def refused(status, text):
    if status is None or status >= 400:
        return True
    try:
        answer = json.loads(text)
    except ValueError:
        return False
    if not isinstance(answer, dict):
        return False
    if "error" in answer or answer.get("result", {}).get("isError"):
        return True
    try:
        given = json.loads(answer["result"]["content"][0]["text"])
    except (KeyError, IndexError, ValueError, TypeError):
        return False
    return given.get("outcome") == "impossible"


def bytes_of(body):
    if isinstance(body, dict):
        text, count = body["times"]
        return body.get("before", "").encode() + text.encode() * count + body.get("after", "").encode()
    return body.encode("utf-8", "surrogateescape")


for number, case in enumerate(json.load(open("cases.json"))):
    if "call" in case:
        name, arguments = case["call"]
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        status, text = send("POST", "/mcp", ACCEPT, json.dumps(body).encode())
    elif "raw" in case:
        status, text = send("POST", "/mcp", {**ACCEPT, **case.get("headers", {})}, bytes_of(case["raw"]))
    else:
        method, target, headers, body = case["http"]
        status, text = send(method, target, headers, bytes_of(body))
    print("case %d %s: %s %s %s" % (number, "refused" if refused(status, text) else "DONE", case["name"], status, text[:90].replace("\n", " ")))
