"""A handler of requests that does what servers do."""

import hashlib
import re
import time
from http.server import BaseHTTPRequestHandler

CONTENT = bytes(range(256)) * 2048
SIZE = len(CONTENT)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """The first part of the path says how the file arrives."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get('Range')))
        getattr(self, self.path.split('/')[1])()

    def log_message(self, *_):
        pass

    def send(self, body, length=None, status=200):
        self.send_response(status)
        if length != 'unknown':
            self.send_header('Content-Length', str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def rest(self):
        """What a range asks for."""
        asked = self.headers.get('Range')
        return CONTENT[int(re.fullmatch(r'bytes=(\d+)-', asked)[1]) :] if asked else b''

    def good(self):
        rest = self.rest()
        self.send(rest or CONTENT, status=206 if rest else 200)

    def slow(self):
        time.sleep(0.5)
        self.good()

    def cut(self):
        """It breaks off in the middle, each time."""
        rest = self.rest() or CONTENT
        status = 206 if len(rest) < len(CONTENT) else 200
        self.send(rest[: len(rest) // 2], len(rest), status)

    def cut_once(self):
        self.good() if self.headers.get('Range') else self.cut()

    def no_ranges(self):
        first = len(self.server.asked) == 1
        self.send(CONTENT[:1000] if first else CONTENT, len(CONTENT))

    def wrong(self):
        self.send(CONTENT[::-1])

    def page(self):
        self.send(b'<html>log in</html>')

    def endless(self):
        self.send(CONTENT + b'more', 'unknown')

    def missing(self):
        self.send(b'', status=404)

    def busy(self):
        self.send(b'', status=503)

    def moved(self):
        self.redirect('/good/')

    def login(self):
        self.redirect('/page/')

    def circle(self):
        self.redirect('/circle/')

    def to_a_file(self):
        self.redirect('file:///etc/')

    def redirect(self, to):
        self.send_response(302)
        self.send_header('Location', to + self.path.split('/')[-1])
        self.send_header('Content-Length', '0')
        self.end_headers()

    def stalled(self):
        self.send(CONTENT[:5000], len(CONTENT))
        self.server.release.wait(5)
