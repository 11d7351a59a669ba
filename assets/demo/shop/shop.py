"""A small shop: a page, an API, and what belongs to them. Python's standard library only."""

import http.server
import json
import mimetypes
import pathlib
import sys
import traceback
import urllib.parse

import prices

STATIC = pathlib.Path(__file__).parent / "static"
PAGES = {"/": "index.html", "/about": "about.html", "/basket": "basket.html"}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with pages, files, and the API below /api/."""

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        request = self.headers.get("X-Request-ID", "-")
        try:
            if url.path == "/health":
                self.answer(200, "text/plain", b"ok")
            elif url.path == "/api/total":
                basket = urllib.parse.parse_qs(url.query).get("item", [])
                self.answer(200, "application/json", json.dumps({"total": prices.total(basket)}).encode())
            else:
                self.file(PAGES.get(url.path, url.path.lstrip("/")))
        except Exception:
            # In one piece, as loggers do: other requests write at the same time.
            head = f"ERROR request_id={request} {self.command} {self.path} 500"
            sys.stderr.write(f"{head}\n{traceback.format_exc()}")
            sys.stderr.flush()
            self.answer(500, "application/json", b'{"error": "internal error"}')

    def file(self, name):
        path = (STATIC / name).resolve()
        if STATIC.resolve() in path.parents and path.is_file():
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            self.answer(200, kind, path.read_bytes())
        else:
            self.answer(404, "text/plain", b"not found")

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if "X-Request-ID" in self.headers:
            self.send_header("X-Request-ID", self.headers["X-Request-ID"])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *args):
        print(form % args, flush=True)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
