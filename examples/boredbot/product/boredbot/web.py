"""The page: what both services know. A service that is down makes a line of the page say so, and not the page fail."""

import html
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from boredbot.services import call


def line(name, path):
    try:
        return html.escape(str(call(name, path)))
    except Exception as error:  # A page that fails says less.
        return html.escape(f"not known: {type(error).__name__}")


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            body = "ok\n"
        else:
            body = f"<p>Mood: {line('MOOD', '/mood')}</p><p>Updates: {line('UPDATE', '/updates')}</p>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8000), Page).serve_forever()
