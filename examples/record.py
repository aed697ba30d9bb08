#!/usr/bin/python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A recorder with buttons, on a terminal: record.c in Python.

    sudo apt-get install python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0
    EKASCRIBE_ACCESS_TOKEN=… examples/record.py --templates eka_emr_template

Commands: pause, resume, patient [FILE] (the next one, in a session of its own; FILE
holds a JSON object with the details, else you are asked), end, stop.
"""
import argparse
import json
import signal
import sys

import gi
gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402


class Recorder:
    def __init__(self, options):
        self.templates = options.templates
        self.asking = False
        self.stopping = False
        self.status = 0
        # Unbuffered: the main loop knows nothing of lines that Python has read
        # ahead.
        self.input = open(0, "rb", buffering=0, closefd=False)
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(
            f"{options.source} ! ekascribesink name=scribe encode=opus")
        self.scribe = self.pipeline.get_by_name("scribe")
        self.scribe.set_property("templates", self.templates)
        for setting in options.properties:
            name, _, value = setting.partition("=")
            Gst.util_set_object_arg(self.scribe, name, value)

    def on_message(self, _bus, message):
        if message.type == Gst.MessageType.ELEMENT:
            self.on_element(message.get_structure())
        elif message.type == Gst.MessageType.WARNING:
            self.tell("Warning", message.parse_warning()[0],
                      message.parse_warning_details())
        elif message.type == Gst.MessageType.ERROR:
            self.tell("Error", message.parse_error()[0],
                      message.parse_error_details())
            self.status = 1
            self.loop.quit()
        elif message.type == Gst.MessageType.EOS:
            self.loop.quit()  # all results were there before

    def on_element(self, structure):
        name = structure.get_name()
        get = structure.get_value
        if name == "ekascribe-session":
            print(f"Session {get('session-id')}: {get('state')}")
        elif name == "ekascribe-transcript":
            print(f"\nTranscript:\n{get('text')}\n" if get("final") else
                  f"... {get('text')}")
        elif name == "ekascribe-template":
            print(f"Document {get('template-id')} ({get('status')}): "
                  f"{get('data') or get('error-message')}\n")
        elif name == "ekascribe-result":
            print(f"Session {get('session-id')} is done: {get('status')}")

    def tell(self, kind, error, details):
        print(f"{kind}: {error.message}", file=sys.stderr)
        folder = details and details.get_string("outbox-folder")
        if folder:
            print(f"  Nothing is lost: `ekascribe outbox send '{folder}'` "
                  "sends it.", file=sys.stderr)

    def do(self, action, *arguments):
        # Where it can't be done, a warning on the bus says why.
        done = self.scribe.emit(action, *arguments)
        print(f"{action}: {'yes' if done else 'no'}")

    def begin_session(self, details):
        # Nothing is inherited from the session before.
        settings = {"patient-details": details}
        if self.templates:
            settings["templates"] = self.templates
        self.do("new-session", json.dumps(settings))

    def begin_session_of_file(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                self.begin_session(json.load(file))
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)

    def stop(self):
        if self.stopping:
            print("Not waiting. What was not sent is kept on disk.",
                  file=sys.stderr)
            self.status = 1
            self.loop.quit()
        else:
            self.stopping = True
            print("Waiting for the results; once more: end without them.")
            self.pipeline.send_event(Gst.Event.new_eos())
        return GLib.SOURCE_CONTINUE

    def on_line(self, _input, _condition):
        line = self.input.readline().decode(errors="replace")
        if not line:
            return GLib.SOURCE_REMOVE
        word, _, rest = line.strip().partition(" ")
        if self.asking:
            self.asking = False
            if line.strip():
                self.begin_session({"oid": line.strip()})
        elif word in ("a", "pause"):
            self.do("pause")
        elif word in ("r", "resume"):
            self.do("resume")
        elif word in ("e", "end"):
            self.do("end-session")
        elif word in ("s", "stop"):
            self.stop()
        elif word in ("p", "patient") and rest:
            self.begin_session_of_file(rest)
        elif word in ("p", "patient"):
            self.asking = True
            print("Patient's id? ", end="", flush=True)
        else:
            print("pause, resume, patient [FILE], end, stop")
        return GLib.SOURCE_CONTINUE

    def run(self):
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)
        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.stop)
        GLib.io_add_watch(self.input, GLib.PRIORITY_DEFAULT,
                          GLib.IOCondition.IN | GLib.IOCondition.HUP,
                          self.on_line)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        # By way of READY, for NULL would flush the last messages unread: they tell
        # where audio is kept that was not sent.
        self.pipeline.set_state(Gst.State.READY)
        while message := bus.pop():
            self.on_message(bus, message)
        self.pipeline.set_state(Gst.State.NULL)
        bus.remove_signal_watch()
        return self.status


def main():
    parser = argparse.ArgumentParser(
        description="Records with ekascribesink, and is steered by commands.")
    parser.add_argument("--source", default="autoaudiosrc", metavar="DESCRIPTION",
                        help="as for gst-launch-1.0 (default: %(default)s)")
    parser.add_argument("--templates", metavar="LIST",
                        help="documents to make, of every session")
    parser.add_argument("properties", nargs="*", metavar="PROPERTY=VALUE",
                        help="of ekascribesink; no secrets, for others see the "
                        "arguments of a program")
    options = parser.parse_args()
    Gst.init(None)
    sys.stdout.reconfigure(line_buffering=True)
    try:
        recorder = Recorder(options)
    except GLib.Error as error:
        sys.exit(error.message)
    sys.exit(recorder.run())


if __name__ == "__main__":
    main()
