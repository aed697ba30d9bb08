#!/usr/bin/python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receives the webhook of an EkaScribe service, and fetches the results.

    EKASCRIBE_WEBHOOK_SECRET=… EKASCRIBE_ACCESS_TOKEN=… \\
        examples/webhook.py --directory results

Each session that is completed, partial, failed or expired becomes
FOLDER/SESSION.json, as `ekascribe get` writes it: the whole answer, readable for
its owner only. What is still to be fetched is FOLDER/SESSION.todo, which is on
disk before the service gets its answer: nothing is lost where this program or the
machine goes down, and whoever starts it again goes on.

The secret is the one that the webhook was registered with: in the environment, or
in a file (--secret-file). Token and API root are those of `ekascribe get`:
EKASCRIBE_ACCESS_TOKEN, EKASCRIBE_BASE_URL and so on. It listens on this machine
only, over plain HTTP: put a web server with TLS in front of it.
"""
import argparse
import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HEADERS = ("Eka-Webhook-Signature", "X-MSA-Signature")
FINAL = {"session.completed", "session.partial", "session.failed",
         "session.expired"}
OTHER = {"session.started", "session.ended"}
# Not `-` first: it becomes an argument of a command, and the name of a file.
SESSION_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")

TOLERANCE = 300  # seconds that a signature may be old, or ahead
MAX_BODY = 65536
PATIENCE = 10  # seconds without a byte of a request
MAX_PAUSE = 3600  # seconds until what could not be fetched is tried again


def log(text):
    """What happened, never what was said: ids and events only."""
    print(time.strftime("%F %T"), text, file=sys.stderr, flush=True)


def is_signed(secret, header, body, now):
    """Whether the header has a signature of this body, made a moment ago.

    A header may hold several, while a secret is being replaced.
    """
    pairs = [part.strip().partition("=") for part in (header or "").split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]):
        return False
    if abs(now - int(times[0])) > TOLERANCE:
        return False
    text = times[0].encode() + b"." + body
    expected = hmac.new(secret, text, hashlib.sha256).hexdigest().encode()
    signatures = [value.encode() for name, _, value in pairs if name == "v1"]
    # compare_digest takes the same time wherever the first difference is.
    return any([hmac.compare_digest(expected, one) for one in signatures])


def parse(body):
    """(event, session id), or None where it is no event."""
    try:
        event = json.loads(body)
        name = event["event"]
        inner = event.get("data")
        session = event.get("session_id") or inner["session_id"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(name, str) or not isinstance(session, str):
        return None
    return (name, session) if SESSION_ID.fullmatch(session) else None


class Folder:
    """Results, and what is still to be fetched: the folder is the queue."""

    def __init__(self, path, command):
        os.makedirs(path, 0o700, exist_ok=True)
        self.path = path
        self.command = command
        self.lock = threading.Lock()  # guards the .todo files
        self.wake = threading.Event()
        self.later = {}  # session: (when to try again, pause)

    def name(self, session, ending):
        return os.path.join(self.path, session + ending)

    def read(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def has(self, session, event):
        """Whether the result that the event tells of is there."""
        text = self.read(self.name(session, ".json"))
        try:
            return text is not None and \
                event == "session." + json.loads(text)["status"]
        except (ValueError, LookupError, TypeError):
            return False

    def add(self, session, event):
        """Notes what is to be fetched; on disk when this returns."""
        path = self.name(session, ".todo")
        with self.lock:
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write(event)
                file.flush()
                os.fsync(file.fileno())
            os.replace(path + ".new", path)
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(folder)
            os.close(folder)
            self.later.pop(session, None)
        self.wake.set()

    def remove(self, session, event):
        """Unless another event came meanwhile."""
        path = self.name(session, ".todo")
        with self.lock:
            self.later.pop(session, None)
            if self.read(path) == event:
                os.unlink(path)

    def fetch(self, session):
        """Runs `ekascribe get`: it writes the file whole, mode 0600, or not."""
        event = self.read(self.name(session, ".todo"))
        if event is None:
            return
        environment = dict(os.environ)
        environment.pop("EKASCRIBE_WEBHOOK_SECRET", None)
        status = 0
        if not self.has(session, event):
            status = subprocess.run(
                [self.command, "get", "--quiet", "--json", "--force",
                 "--output", self.name(session, ".json"), "--", session],
                env=environment, stdin=subprocess.DEVNULL,
                check=False).returncode
        # 6: failed or expired; its answer is written all the same.
        if status in (0, 6):
            log(f"{session}: {event} is here")
            self.remove(session, event)
            return
        with self.lock:
            pause = min(MAX_PAUSE, 2 * self.later.get(session, (0, 1))[1])
            self.later[session] = (time.monotonic() + pause, pause)
        log(f"{session}: not fetched (exit code {status}), "
            f"again in {pause} s")

    def work(self):
        """For ever: one after the other, the oldest first."""
        while True:
            self.wake.clear()
            names = [name[:-5] for name in os.listdir(self.path)
                     if name.endswith(".todo")]
            now = time.monotonic()
            for session in sorted(names):
                if SESSION_ID.fullmatch(session) and \
                        self.later.get(session, (0, 0))[0] <= now:
                    self.fetch(session)
            self.wake.wait(1 if self.later else None)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers at once; the work is another thread's."""
    server_version = "webhook"
    sys_version = ""
    timeout = PATIENCE

    def log_message(self, format, *args):
        pass  # a path may hold a secret

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        log(f"{status} {text}")

    def read_body(self):
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,18}", length):
            self.answer(411, "no length")
        elif int(length) > MAX_BODY:
            self.answer(413, "too large")
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
        return None

    def do_POST(self):
        body = self.read_body()
        if body is None:
            return
        # The body is parsed after that: what is not signed is not looked at.
        if not any(is_signed(self.server.secret, self.headers.get(name), body,
                             time.time()) for name in HEADERS):
            self.answer(401, "not signed with our secret, or not just now")
            return
        event = parse(body)
        if event is None or event[0] not in FINAL | OTHER:
            # Not an error: the service may learn other events.
            self.answer(204, "an event that is not for us")
            return
        name, session = event
        # The same event again, be it sent twice or replayed, does nothing.
        if name in FINAL and not self.server.folder.has(session, name):
            self.server.folder.add(session, name)
        self.answer(204, f"{name} {session}")


def read_secret(path):
    """From the file, else from the environment; never from the arguments, which
    everybody on this machine can read."""
    if path:
        with open(path, "rb") as file:
            secret = file.read().strip()
    else:
        secret = os.environ.get("EKASCRIBE_WEBHOOK_SECRET", "").encode()
    if not secret:
        sys.exit("webhook.py: no secret: set EKASCRIBE_WEBHOOK_SECRET, "
                 "or give --secret-file FILE")
    return secret


def main():
    parser = argparse.ArgumentParser(
        description="Receives the webhook of an EkaScribe service, checks its "
        "signature, and fetches the results with `ekascribe get`.")
    parser.add_argument("--directory", required=True, metavar="FOLDER",
                        help="where results go")
    parser.add_argument("--secret-file", metavar="FILE",
                        help="holds the secret; "
                        "default: $EKASCRIBE_WEBHOOK_SECRET")
    parser.add_argument("--address", default="127.0.0.1",
                        help="to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080,
                        help="0: any free one (default: %(default)s)")
    parser.add_argument("--ekascribe", default="ekascribe", metavar="COMMAND",
                        help="the command, where it is not in the PATH")
    options = parser.parse_args()

    command = shutil.which(options.ekascribe)
    if command is None:
        sys.exit(f"webhook.py: {options.ekascribe}: not found; give --ekascribe")
    os.umask(0o077)
    secret = read_secret(options.secret_file)
    server = http.server.ThreadingHTTPServer(
        (options.address, options.port), Handler)
    server.secret = secret
    server.folder = Folder(options.directory, command)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    threading.Thread(target=server.folder.work, daemon=True).start()
    print(f"http://{options.address}:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
