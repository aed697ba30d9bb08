#!/usr/bin/python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""That standin.py lets all that is right pass, and nothing else: each mistake
is made once, and must be written down, and only it."""
import asyncio
import base64
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

TOKEN = "tok-of-this-test"
SESSION = "ses_0123456789abcdef"
CREATE = {"session_id": SESSION, "upload_type": "stream",
          "communication_protocol": "websocket", "model": "lite"}
CHUNKED = CREATE | {"upload_type": "chunked", "communication_protocol": "http"}
CANCEL = {"user_status": "cancelled", "processing_status": "cancelled"}
END = {"audio_files_sent": 0}

PCM = random.Random(1).randbytes(120 * 3200 + 1000)
FRAMES = [PCM[at:at + 3200] for at in range(0, len(PCM), 3200)]
FULL, LAST = FRAMES[0], FRAMES[-1]
START = json.dumps({"event": "start", "start": {
    "mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 16000}}})
STOP = json.dumps({"event": "stop"})


def media(data):
    return json.dumps({"event": "media", "media": {
        "payload": base64.b64encode(data).decode()}})


class Client:
    """A client that does what it is told, right or wrong."""

    def __init__(self, base):
        self.base = base
        self.session = f"{base}/sessions/{SESSION}"
        self.heard = []

    def call_now(self, method, url, body, kind, token):
        headers = {"Content-Type": kind} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    async def call(self, method, url, body=None, kind="application/json",
                   token=TOKEN):
        return await asyncio.to_thread(self.call_now, method, url, body, kind,
                                       token)

    async def create(self, body=None):
        status, answer = await self.call("POST", f"{self.base}/sessions",
                                         body or CREATE)
        assert status == 201, answer
        return answer["upload_url"]

    async def listen(self, socket):
        async for message in socket:
            self.heard.append(message)

    async def stream(self, messages, wait=True):
        async with websockets.connect(await self.create()) as socket:
            listener = asyncio.create_task(self.listen(socket))
            for message in messages:
                await socket.send(message)
            if wait:
                await listener

    async def finish(self, body=None):
        """The last state, and the last transcript."""
        await self.call("POST", f"{self.session}/end", body or END)
        status, answer = await self.call("GET", self.session)
        if status == 202 and answer["status"] == "processing":
            _, answer = await self.call("GET", self.session)
        return answer["status"], answer.get("transcript")


# --- what is right ----------------------------------------------------------

async def check_stream(client, folder, messages):
    await client.stream(messages)
    assert any("no JSON" in text for text in client.heard), client.heard
    assert any("partial" in text for text in client.heard), client.heard
    assert await client.finish() == (
        "completed", f"Heard by the stand-in: {len(PCM) // 2} samples")
    with open(os.path.join(folder, SESSION, "stream.pcm"), "rb") as file:
        assert file.read() == PCM
    with open(os.path.join(folder, SESSION, "handshake.json")) as file:
        assert "/stream/sessions/" in json.load(file)["path"]


async def pcm(client, folder):
    await check_stream(client, folder, FRAMES + [STOP])


async def texts(client, folder):
    await check_stream(client, folder,
                       [START] + [media(frame) for frame in FRAMES] + [STOP])


async def discovery_without_token(client, _folder):
    status, answer = await client.call(
        "GET", f"{client.base}/.well-known/medscribealliance", token=None)
    assert status == 200
    assert "stream" in answer["capabilities"]["upload_methods"]


async def chunks(client, folder):
    url = await client.create(CHUNKED)
    await client.call("POST", f"{url}/x_0.wav", b"RIFF", "audio/wav")
    # The first bytes win.
    await client.call("POST", f"{url}/x_0.wav", b"riff", "audio/wav")
    assert (await client.finish({"audio_files_sent": 1}))[0] == "completed"
    with open(os.path.join(folder, SESSION, "x_0.wav"), "rb") as file:
        assert file.read() == b"RIFF"


async def cancelled_while_it_streams(client, _folder):
    async with websockets.connect(await client.create()) as socket:
        await socket.send(FULL)
        assert (await client.call("PATCH", client.session, CANCEL))[0] == 200


async def cancelled_after_it_broke(client, _folder):
    await client.stream([FULL], wait=False)
    assert (await client.call("PATCH", client.session, CANCEL))[0] == 200


RIGHT = [pcm, texts, discovery_without_token, chunks,
         cancelled_while_it_streams, cancelled_after_it_broke]

# --- what is wrong ----------------------------------------------------------


def streamed(*messages):
    """A stream that goes on to its end, as if nothing were wrong with it."""
    async def run(client, _folder):
        await client.stream(list(messages) + [STOP])
        assert (await client.finish())[0] == "failed"
    return run


def left(*messages, wait=False):
    async def run(client, _folder):
        await client.stream(list(messages), wait)
    return run


def ended(*messages, body=None, wait=False):
    async def run(client, _folder):
        async with websockets.connect(await client.create()) as socket:
            for message in messages:
                await socket.send(message)
            if wait:
                await client.listen(socket)
            assert (await client.call("POST", f"{client.session}/end",
                                      body or END))[0] == 400
            # The rest is as it should be.
            if not wait and STOP not in messages:
                await socket.send(STOP)
            await client.listen(socket)
        await client.finish()
    return run


async def ended_twice(client, _folder):
    await client.stream([FULL, STOP])
    await client.finish()
    await client.finish()


def called(expected, method, path, body=None, kind="application/json",
           token=TOKEN):
    async def run(client, _folder):
        status, answer = await client.call(method, client.base + path, body,
                                           kind, token)
        assert status == expected, answer
    return run


def uploaded(name, body, kind):
    async def run(client, _folder):
        url = await client.create(CHUNKED)
        assert (await client.call("POST", f"{url}/{name}", body, kind))[0] == 400
        assert (await client.finish())[0] == "failed"
    return run


async def unmasked(client, _folder):
    socket = await websockets.connect(await client.create())
    socket.transport.write(b"\x82\x02ab")
    await socket.wait_closed()
    await client.call("PATCH", client.session, CANCEL)


async def connected_twice(client, _folder):
    url = await client.create()
    async with websockets.connect(url) as first:
        try:
            await websockets.connect(url)
        except websockets.InvalidStatusCode as error:
            assert error.status_code == 409
        await first.send(STOP)
        await client.listen(first)
    await client.finish()


async def connected_elsewhere(client, _folder):
    url = await client.create()
    try:
        await websockets.connect(url.replace("/sessions/", "/sessions/0"))
    except websockets.InvalidStatusCode as error:
        assert error.status_code == 404


WRONG = {
    "short frame inside": (streamed(FULL, LAST, FULL), "after a short frame"),
    "long frame": (streamed(FULL + LAST), "a frame of 4200 bytes"),
    "empty frame": (streamed(FULL, b""), "a frame of 0 bytes"),
    "half a sample": (streamed(FULL, b"abc"), "half a sample"),
    "long payload": (streamed(START, media(FULL + LAST)), "a frame of 4200"),
    "text in pcm": (streamed(FULL, media(FULL)), "json in a stream of pcm"),
    "pcm in text": (streamed(START, FULL), "pcm in a stream of json"),
    "no start": (streamed(media(FULL)), "media before start"),
    "late start": (streamed(FULL, START), "a start that is not"),
    "other start": (streamed(START.replace("16000", "8000")), "unknown event"),
    "no JSON": (streamed("stop"), "no JSON object"),
    "no base64": (streamed(START, media(FULL).replace("A", "_")), "no base64"),
    "other media": (streamed(START, media(FULL)[:-1] + ', "n": 1}'),
                    "media of another form"),
    "audio after stop": (streamed(FULL, STOP, FULL), "a message after stop"),
    "left without stop": (left(FULL), "left when broken"),
    "left without close": (left(FULL, STOP), "gone before the close"),
    "left without End": (left(FULL, STOP, wait=True), "left when closed"),
    "End before stop": (ended(FULL), "End when streaming"),
    # The call may overtake the stop.
    "End before close": (ended(FULL, STOP), "End when st"),
    "End with a file": (ended(FULL, STOP, body={"audio_files_sent": 1},
                              wait=True), "End with {'audio_files_sent': 1}"),
    "End twice": (ended_twice, "End again"),
    "no token": (called(401, "POST", "/sessions", CREATE, token=None),
                 "without the token"),
    "other token": (called(401, "POST", "/sessions", CREATE, token="tok"),
                    "without the token"),
    "create as text": (called(400, "POST", "/sessions", CREATE, "text/plain"),
                       "Content-Type “text/plain”"),
    "create over http": (called(400, "POST", "/sessions", CREATE | {
        "communication_protocol": "http"}), "communication_protocol"),
    "create a short id": (called(400, "POST", "/sessions", CREATE | {
        "session_id": "ses_1"}), "session_id"),
    "create with more": (called(400, "POST", "/sessions", CREATE | {"a": 1}),
                         "members ['a']"),
    "unknown call": (called(404, "GET", "/session"), "no such call"),
    "unknown session": (called(404, "GET", "/sessions/ses_0"),
                        "no such session"),
    "chunk of another type": (uploaded("x_0.wav", b"RIFF", "audio/x-wav"),
                              "Content-Type “audio/x-wav”"),
    "chunk of another name": (uploaded("x_00.wav", b"RIFF", "audio/wav"),
                              "x_00.wav"),
    "empty chunk": (uploaded("x_0.wav", b"", "audio/wav"), "of 0 bytes"),
    "unmasked frame": (unmasked, "incorrect masking"),
    "second WebSocket": (connected_twice, "a WebSocket when streaming"),
    "other path": (connected_elsewhere, "a WebSocket at a wrong path"),
}

# --- one after the other ----------------------------------------------------


def run(standin, function):
    """What `function` made the stand-in write down."""
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen(
                [sys.executable, standin, "--folder", folder, "--token", TOKEN],
                stdout=subprocess.PIPE, text=True) as process:
            try:
                base = process.stdout.readline().strip()
                asyncio.run(asyncio.wait_for(
                    function(Client(base), folder), 30))
            finally:
                process.send_signal(signal.SIGTERM)
        assert process.returncode == 0, process.returncode
        with open(os.path.join(folder, "violations.txt")) as file:
            return file.read()


def check(standin, function, expected):
    """`expected`: a part of the first violation, or None."""
    try:
        lines = run(standin, function).splitlines()
    except Exception as error:  # the next ones are told all the same
        return repr(error)
    if expected is None:
        return lines
    # One mistake may bring another one with it, but comes first.
    return [] if lines and expected in lines[0] else lines or ["none"]


def main():
    cases = [(function.__name__.replace("_", " "), function, None)
             for function in RIGHT]
    cases += [(name, *case) for name, case in WRONG.items()]
    print(f"1..{len(cases)}")
    good = True
    for number, (name, function, expected) in enumerate(cases, 1):
        wrong = check(sys.argv[1], function, expected)
        good = good and not wrong
        if wrong:
            print(f"# {wrong}")
        print(f"{'not ' if wrong else ''}ok {number} {name}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    if importlib.util.find_spec("websockets") is None:
        print("1..0 # SKIP python3-websockets is not installed")
        sys.exit(0)
    import websockets
    sys.exit(main())
