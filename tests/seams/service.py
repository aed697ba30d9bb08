# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""standin.py as a service of all formats, whose chunks are kept with all that
the client said about them."""
import contextlib
import dataclasses
import http.server
import importlib.util
import json
import os
import threading

FORMATS = ["audio/wav", "audio/ogg", "audio/ogg;codecs=opus",
           "audio/webm;codecs=opus", "audio/m4a", "audio/mp4", "audio/mp3"]


@dataclasses.dataclass
class Upload:
    path: str
    media_type: str


def load_standin():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "..", "pipelines", "standin.py")
    spec = importlib.util.spec_from_file_location("standin", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_handler(standin, book, uploads):
    class Handler(standin.Handler):
        """Takes whole recordings too."""

        def discover(self, _session, _found, _body):
            told = standin.DISCOVERY | {
                "endpoints": {"base_url": book.http_url + standin.ROOT}}
            told["capabilities"] = told["capabilities"] | {
                "audio_formats": FORMATS,
                "upload_methods": ["chunked", "single"]}
            self.reply(200, told)

        def create(self, session, found, body):
            fields = self.parse_body(body)
            if fields.get("upload_type") == "single":
                body = json.dumps(fields | {"upload_type": "chunked"}).encode()
            super().create(session, found, body)

        def upload(self, session, found, body):
            known = found["name"] in session.files
            super().upload(session, found, body)
            if not known:
                uploads.append(Upload(
                    os.path.join(session.folder, found["name"]),
                    self.headers["Content-Type"]))

    Handler.book = book
    return Handler


@contextlib.contextmanager
def serve(folder):
    """A service for one recording: its base URL, what it gets, and its book."""
    standin = load_standin()
    os.makedirs(folder)
    book = standin.Book(folder, None)
    uploads = []
    web = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), make_handler(standin, book, uploads))
    web.daemon_threads = True
    book.http_url = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, args=[0.05])
    thread.start()
    try:
        yield book.http_url + standin.ROOT, uploads
    finally:
        web.shutdown()
        thread.join()
        web.server_close()
        book.violations.close()
        book.requests.close()


def read_violations(folder):
    with open(os.path.join(folder, "violations.txt"), encoding="utf-8") as file:
        return file.read().splitlines()
