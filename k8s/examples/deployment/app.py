"""A shop that shows a saying of GitHub's. It knows nothing of timeouts, retries or breakers: the sidecar does."""

import os
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

API = urlsplit(os.environ["GITHUB_API"])


class Shop(BaseHTTPRequestHandler):
    """``/`` is the page, ``/healthz`` the readiness of the app itself."""

    def do_GET(self) -> None:
        """Answer with what GitHub says."""
        self.reply("ok\n" if self.path == "/healthz" else saying())

    def reply(self, text: str) -> None:
        """Send a short answer."""
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def saying() -> str:
    """One call through the sidecar, and how often it was sent to GitHub."""
    connection = HTTPConnection(API.netloc)
    connection.request("GET", API.path + "/zen", headers={"User-Agent": "shop"})
    answer = connection.getresponse()
    text = f"{answer.read().decode()} (sends: {answer.headers['Sidecar-Attempts']})\n"
    connection.close()
    return text


server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8000"))), Shop)
print(f"listening on port {server.server_port}")
server.serve_forever()
