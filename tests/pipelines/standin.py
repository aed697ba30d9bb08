#!/usr/bin/python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stands in for the service, with nothing of ours in it: neither our code nor
libsoup. It takes streams over a WebSocket, and chunks over HTTP.

It is strict. Whatever a client does that the protocol does not say becomes a
line in violations.txt, and the session fails. In the folder are then:
  violations.txt            empty, if all went well
  requests.txt              a line for each request: method, path, status
  SESSION/create.json       the body of Create Session
  SESSION/handshake.json    path and headers of the WebSocket's handshake
  SESSION/stream.pcm        the samples, in either form
  SESSION/NAME              each chunk

/usr/bin/python3 is meant: the one that Debian's python3-websockets is for.
"""
import argparse
import asyncio
import base64
import binascii
import http
import http.server
import json
import os
import re
import secrets
import signal
import threading

import websockets

ROOT = "/voice/v1"
FRAME = 3200  # 100 ms of S16LE at 16 kHz, mono
FRAMES_PER_PARTIAL = 50
START = {"event": "start", "start": {
    "mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 16000}}}
STOP = {"event": "stop"}
CANCEL = {"user_status": "cancelled", "processing_status": "cancelled"}

# A client that does not wait for the close is caught within it; in seconds.
TAIL = 0.3
# What no healthy client comes near; in seconds.
PATIENCE = 10

SESSION_ID = re.compile(r"ses_[a-zA-Z0-9]+")
FILE_NAME = re.compile(r"[a-zA-Z0-9_-]+_(0|[1-9][0-9]*)\.([a-zA-Z0-9]+)")
CONTENT_TYPES = {
    "webm": ["audio/webm;codecs=opus"], "wav": ["audio/wav"],
    "ogg": ["audio/ogg", "audio/ogg;codecs=opus"], "mp4": ["audio/mp4"],
    "m4a": ["audio/m4a"], "mp3": ["audio/mp3"],
}
CREATE_MEMBERS = {
    "session_id", "upload_type", "communication_protocol", "session_mode",
    "templates", "model", "language_hint", "transcript_language",
    "additional_data", "patient_details",
}

DISCOVERY = {
    "supported_versions": ["0.1"],
    "capabilities": {
        "audio_formats": ["audio/wav", "audio/ogg", "audio/webm;codecs=opus"],
        "max_chunk_duration_seconds": 20,
        "upload_methods": ["chunked", "stream"],
    },
    "models": [
        {"id": "lite", "max_session_duration_seconds": 3600},
        {"id": "pro", "max_session_duration_seconds": 3600},
    ],
    "languages": {"supported": ["en", "hi"], "auto_detection": True},
}


class Violation(Exception):
    """What a client must not do."""


class Refusal(Exception):
    """An answer that says no; a violation too, unless `blame` is false."""

    def __init__(self, status, code, text, blame=True):
        super().__init__(text)
        self.status = status
        self.code = code
        self.blame = blame


def unique_members(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def parse_object(text):
    """The JSON object in `text`; ValueError where it is none."""
    value = json.loads(text, object_pairs_hook=unique_members)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


class Stream:
    """What comes through one WebSocket: judges it, and keeps its samples."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.frames = 0
        self.bytes = 0
        self.form = None  # "pcm" or "json": as the first message is
        self.short = False  # a short frame came: it was the last one
        self.stopped = False

    def take(self, message):
        if self.stopped:
            raise Violation("a message after stop")
        if isinstance(message, bytes):
            self.choose("pcm")
            self.take_audio(message)
            return
        try:
            event = parse_object(message)
        except ValueError as error:
            raise Violation(f"a text that is no JSON object: {error}") from None
        self.take_event(event)

    def choose(self, form):
        if self.form is None:
            self.form = form
        elif self.form != form:
            raise Violation(f"{form} in a stream of {self.form}")

    def take_event(self, event):
        if event == STOP:
            # It ends both forms.
            self.stopped = True
        elif event == START:
            if self.form is not None:
                raise Violation("a start that is not the first message")
            self.form = "json"
        elif event.get("event") == "media":
            if self.form is None:
                raise Violation("media before start")
            self.choose("json")
            self.take_media(event)
        else:
            raise Violation(f"an unknown event of the form {sorted(event)}")

    def take_media(self, event):
        media = event.get("media")
        if (set(event) != {"event", "media"} or not isinstance(media, dict)
                or set(media) != {"payload"}
                or not isinstance(media["payload"], str)):
            raise Violation("media of another form")
        try:
            self.take_audio(base64.b64decode(media["payload"], validate=True))
        except binascii.Error as error:
            raise Violation(f"a payload that is no base64: {error}") from None

    def take_audio(self, data):
        # What is wrong is kept too: one sees more from it.
        self.file.write(data)
        self.frames += 1
        self.bytes += len(data)
        if self.short:
            raise Violation("audio after a short frame")
        self.short = len(data) < FRAME
        if len(data) % 2 != 0:
            raise Violation(f"half a sample in a frame of {len(data)} bytes")
        if not 0 < len(data) <= FRAME:
            raise Violation(f"a frame of {len(data)} bytes")

    def close(self):
        self.file.close()


class Session:
    """created → streaming → stopped → closed → ended, or broken once it is
    streaming; of chunks created → ended. Up to the end it can be cancelled."""

    def __init__(self, session_id, kind, folder):
        self.id = session_id
        self.kind = kind
        self.folder = folder
        self.state = "created"
        self.secret = secrets.token_hex(16)  # in the WebSocket's path
        self.stream = None
        self.files = []
        self.polls = 0  # since the end
        self.violations = []

    def save(self, name, value):
        with open(os.path.join(self.folder, name), "w") as file:
            json.dump(value, file, indent=2)


class Book:
    """All sessions, and all violations. Both threads write to it; whoever
    calls holds the lock."""

    def __init__(self, folder, token):
        self.lock = threading.RLock()
        self.folder = folder
        self.token = token
        self.sessions = {}
        self.http_url = None
        self.socket_url = None
        self.violations = open(os.path.join(folder, "violations.txt"), "w")
        self.requests = open(os.path.join(folder, "requests.txt"), "w")

    def blame(self, session, text):
        if session is not None:
            # Each kind once: 6000 bad frames are one mistake.
            if text in session.violations or len(session.violations) == 20:
                return
            session.violations.append(text)
            text = f"{session.id}: {text}"
        self.violations.write(text + "\n")
        self.violations.flush()

    def blame_broken(self):
        """At the end: whoever can't finish a stream has to cancel it."""
        for session in self.sessions.values():
            if session.state in ("streaming", "stopped", "closed", "broken"):
                self.blame(session, f"left when {session.state}")

    def upload_url(self, session):
        if session.kind == "stream":
            return (f"{self.socket_url}{ROOT}/stream/sessions/"
                    f"{session.secret}/audio")
        return f"{self.http_url}{ROOT}/sessions/{session.id}/audio"

    def find_stream(self, path):
        for session in self.sessions.values():
            if path == f"{ROOT}/stream/sessions/{session.secret}/audio":
                return session
        return None


# --- the WebSocket ----------------------------------------------------------

class Listener:
    """The WebSocket's side, in the main thread."""

    def __init__(self, book):
        self.book = book

    async def shake_hands(self, path, headers):
        with self.book.lock:
            session = self.book.find_stream(path)
            if session is None or session.kind != "stream":
                self.book.blame(None, "a WebSocket at a wrong path")
                return http.HTTPStatus.NOT_FOUND, [], b""
            if session.state != "created":
                self.book.blame(session, f"a WebSocket when {session.state}")
                return http.HTTPStatus.CONFLICT, [], b""
            session.state = "streaming"
            session.stream = Stream(os.path.join(session.folder, "stream.pcm"))
            session.save("handshake.json",
                         {"path": path, "headers": list(headers.raw_items())})
        return None

    def blame(self, session, text):
        with self.book.lock:
            self.book.blame(session, text)

    def take(self, session, message):
        with self.book.lock:
            try:
                session.stream.take(message)
            except Violation as violation:
                self.book.blame(session, str(violation))
            if session.state == "streaming" and session.stream.stopped:
                session.state = "stopped"

    async def talk(self, socket, session):
        """What clients must tolerate, now and then."""
        frames = session.stream.frames
        try:
            if frames % FRAMES_PER_PARTIAL == 1:
                await socket.send(json.dumps({
                    "type": "partial",
                    "transcript": f"Heard by the stand-in: {frames}"}))
            elif frames % FRAMES_PER_PARTIAL == 2:
                await socket.send("this is {no JSON")
        except websockets.ConnectionClosed:
            pass  # what came before the end is still to be taken

    async def listen(self, socket, session):
        pong = await socket.ping()
        # Nobody asks for it once the connection is lost.
        pong.add_done_callback(
            lambda done: done.cancelled() or done.exception())
        while not session.stream.stopped:
            self.take(session, await socket.recv())
            await self.talk(socket, session)
        end = asyncio.get_running_loop().time() + TAIL
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                self.take(session, await asyncio.wait_for(socket.recv(), left))
            except asyncio.TimeoutError:
                break
        try:
            await asyncio.wait_for(pong, PATIENCE)
        except asyncio.TimeoutError:
            self.blame(session, "no pong")

    async def serve(self, socket):
        with self.book.lock:
            session = self.book.find_stream(socket.path)
        try:
            await self.listen(socket, session)
        except websockets.ConnectionClosed as error:
            self.judge_loss(session, error)
        with self.book.lock:
            session.stream.close()
            # Before the close goes out: End may follow it at once.
            if session.state == "stopped":
                session.state = "closed"
        await socket.close(1000)
        if session.state in ("closed", "ended") and socket.close_code != 1000:
            self.blame(session, "the close was not answered: "
                                f"{socket.close_code}")

    def judge_loss(self, session, error):
        with self.book.lock:
            # Our close came first: the library found a fault, or (1001) this
            # program is at its end.
            if (error.sent is not None and not error.rcvd_then_sent
                    and error.sent.code != 1001):
                self.book.blame(session, f"{error}; {error.__cause__}")
            elif session.state == "stopped":
                self.book.blame(session, f"gone before the close: {error}")
            if session.state in ("streaming", "stopped"):
                session.state = "broken"


# --- the HTTP API -----------------------------------------------------------

def check_create(body):
    """The kind of session that `body` asks for; Refusal where it is wrong."""
    def require(good, text):
        if not good:
            raise Refusal(400, "invalid_request", f"create: {text}")

    def is_list(value, limit):
        return (isinstance(value, list) and 0 < len(value) <= limit
                and all(isinstance(item, str) and item for item in value))

    pair = (body.get("upload_type"), body.get("communication_protocol"))
    require(not set(body) - CREATE_MEMBERS,
            f"members {sorted(set(body) - CREATE_MEMBERS)}")
    require(pair in (("stream", "websocket"), ("chunked", "http")),
            f"upload_type and communication_protocol {pair}")
    session_id = body.get("session_id", "ses_" + secrets.token_hex(14))
    require(isinstance(session_id, str) and 16 <= len(session_id) <= 32
            and SESSION_ID.fullmatch(session_id), "session_id")
    require(body.get("model", "lite") in ("lite", "pro"), "model")
    require(body.get("session_mode", "dictation")
            in ("dictation", "consultation"), "session_mode")
    require(is_list(body.get("templates", ["x"]), 2), "templates")
    require(is_list(body.get("language_hint", ["en"]), 9), "language_hint")
    for name in ("additional_data", "patient_details"):
        require(isinstance(body.get(name, {}), dict), name)
    return pair[0], session_id


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection, in a thread of its own."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    book = None  # of the subclass that is served
    # Headers and body go in two packets: no wait for the first one's ACK.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def reply(self, status, value, headers=()):
        body = json.dumps(value).encode()
        self.book.requests.write(f"{self.command} {self.path} {status}\n")
        self.book.requests.flush()
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_body(self):
        length = self.headers.get("Content-Length")
        if length is None or not length.isascii() or not length.isdigit():
            self.close_connection = True
            raise Refusal(411, "length_required", "no Content-Length")
        return self.rfile.read(int(length))

    def parse_body(self, body):
        kind = self.headers.get("Content-Type", "")
        if kind.replace(" ", "").lower() not in (
                "application/json", "application/json;charset=utf-8"):
            raise Refusal(400, "invalid_request", f"Content-Type “{kind}”")
        try:
            return parse_object(body)
        except ValueError as error:
            raise Refusal(400, "invalid_request", f"body: {error}") from None

    def refuse(self, session, no):
        if no.blame:
            self.book.blame(session, f"{self.command}: {no}")
        self.reply(no.status,
                   {"error": {"code": no.code, "message": str(no)}})

    def answer_call(self, body):
        session = None
        try:
            call, found = self.find_call()
            if call != self.discover:
                self.check_token()
            session = self.find_session(found)
            call(session, found, body)
        except Refusal as no:
            self.refuse(session, no)

    def handle_call(self):
        body = b""
        try:
            # Of every call: what is left unread would be the next request.
            if self.command not in ("GET", "DELETE"):
                body = self.read_body()
        except Refusal as no:
            with self.book.lock:
                self.refuse(None, no)
            return
        with self.book.lock:
            self.answer_call(body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_call

    def find_call(self):
        one = ROOT + r"/sessions/(?P<id>[^/?]+)"
        for method, pattern, call in (
                ("GET", ROOT + r"/\.well-known/medscribealliance",
                 self.discover),
                ("POST", ROOT + r"/sessions", self.create),
                ("GET", one + r"(\?.*)?", self.get),
                ("PATCH", one, self.cancel),
                ("POST", one + "/end", self.end),
                ("POST", one + "/audio/(?P<name>[^/?]+)", self.upload)):
            found = re.fullmatch(pattern, self.path)
            if found and method == self.command:
                return call, found.groupdict()
        raise Refusal(404, "not_found", f"no such call: {self.path}")

    def check_token(self):
        if (self.book.token is not None and
                self.headers.get("Authorization") !=
                f"Bearer {self.book.token}"):
            raise Refusal(401, "authentication_failed",
                          f"{self.path} without the token")

    def find_session(self, found):
        if "id" not in found:
            return None
        if found["id"] not in self.book.sessions:
            raise Refusal(404, "session_not_found", "no such session")
        return self.book.sessions[found["id"]]

    def discover(self, _session, _found, _body):
        self.reply(200, DISCOVERY | {
            "endpoints": {"base_url": self.book.http_url + ROOT}})

    def create(self, _session, _found, body):
        fields = self.parse_body(body)
        kind, session_id = check_create(fields)
        if session_id in self.book.sessions:
            raise Refusal(409, "txn_already_initialized", "create: id taken")
        folder = os.path.join(self.book.folder, session_id)
        os.mkdir(folder)
        session = Session(session_id, kind, folder)
        self.book.sessions[session_id] = session
        session.save("create.json", fields)
        self.reply(201, {
            "session_id": session_id, "status": "created",
            "created_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-01T01:00:00Z",
            "upload_url": self.book.upload_url(session),
            "patient_details": fields.get("patient_details")})

    def upload(self, session, found, body):
        name = FILE_NAME.fullmatch(found["name"])
        kind = self.headers.get("Content-Type")
        if session.kind != "chunked" or session.state != "created":
            raise Refusal(400, "session_ended",
                          f"a chunk in a session that is {session.kind}, "
                          f"{session.state}")
        if name is None or name[2] not in CONTENT_TYPES or not body:
            raise Refusal(400, "invalid_audio_format",
                          f"a chunk “{found['name']}” of {len(body)} bytes")
        if kind not in CONTENT_TYPES[name[2]]:
            raise Refusal(400, "invalid_audio_format", f"Content-Type “{kind}”")
        # The first bytes win.
        if found["name"] not in session.files:
            path = os.path.join(session.folder, found["name"])
            with open(path, "wb") as file:
                file.write(body)
            session.files.append(found["name"])
        self.reply(200, {"session_id": session.id, "success": True,
                         "original_filename": found["name"]})

    def end(self, session, _found, body):
        sent = self.parse_body(body)
        ready = "closed" if session.kind == "stream" else "created"
        if session.state == "ended":
            raise Refusal(400, "session_ended", "End again")
        if session.state != ready:
            raise Refusal(400, "invalid_request", f"End when {session.state}")
        if (sent != {"audio_files_sent": len(session.files)}
                or isinstance(sent["audio_files_sent"], bool)):
            raise Refusal(400, "invalid_request", f"End with {sent}")
        session.state = "ended"
        self.reply(202, {
            "session_id": session.id, "status": "processing",
            "audio_files_received": len(session.files),
            "audio_files": session.files})

    def get(self, session, _found, _body):
        answer = {"session_id": session.id, "audio_files": session.files,
                  "upload_url": self.book.upload_url(session)}
        if session.state == "cancelled":
            raise Refusal(404, "session_not_found", "cancelled", blame=False)
        if session.state != "ended":
            self.reply(202, answer | {"status": "initialized"})
            return
        session.polls += 1
        if session.polls == 1:
            self.reply(202, answer | {
                "status": "processing", "transcript": "Heard by the stand-in"})
        elif session.violations:
            self.reply(200, answer | {"status": "failed", "error": {
                "code": "violation", "message": session.violations[0]}})
        else:
            size = session.stream.bytes if session.stream is not None else 0
            self.reply(200, answer | {
                "status": "completed", "templates": [],
                "transcript": f"Heard by the stand-in: {size // 2} samples"})

    def cancel(self, session, _found, body):
        if self.parse_body(body) != CANCEL:
            raise Refusal(400, "invalid_request", "PATCH with another body")
        if session.state == "ended":
            raise Refusal(400, "session_ended", "PATCH after End")
        session.state = "cancelled"
        self.reply(200, {"session_id": session.id, "status": "cancelled"})


async def run(book):
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    listener = Listener(book)
    # Pings at every turn, and nobody may leave them unanswered.
    async with websockets.serve(
            listener.serve, "127.0.0.1", 0,
            process_request=listener.shake_hands,
            ping_interval=0.1, ping_timeout=PATIENCE) as sockets:
        book.socket_url = (
            "ws://127.0.0.1:%d" % sockets.sockets[0].getsockname()[1])
        web = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), type("BookHandler", (Handler,), {"book": book}))
        web.daemon_threads = True
        book.http_url = f"http://127.0.0.1:{web.server_port}"
        threading.Thread(target=web.serve_forever, args=[0.05],
                         daemon=True).start()
        print(book.http_url + ROOT, flush=True)
        await done.wait()
        web.shutdown()
    # All that listened have come to an end by now.
    with book.lock:
        book.blame_broken()


def main():
    parser = argparse.ArgumentParser(
        description="Stands in for the service. Prints its base URL.")
    parser.add_argument("--folder", required=True, help="where all is kept")
    parser.add_argument("--token", help="what clients must show")
    options = parser.parse_args()
    asyncio.run(run(Book(options.folder, options.token)))


if __name__ == "__main__":
    main()
