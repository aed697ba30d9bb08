#!/usr/bin/python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records the sound of an RTSP camera, whatever becomes of the camera.

One pipeline plays all the time. In it `funnel ! ekascribesink` stay; the camera
is a bin before the funnel, which goes when the camera does and is made anew until
it is back:

    rtspsrc ! parsebin ! (funnel ! ekascribesink)

So all of it is one session. What the camera missed is no audio: the chunks on
both sides of the gap tell when it was, in running time and UTC.
"""
import argparse
import datetime
import os
import signal
import sys
import time
import urllib.parse

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, GObject, Gst  # noqa: E402

FIRST_DELAY = 0.5  # s, before the first try to get the camera back
LAST_DELAY = 30.0  # s, the longest between two tries
SLACK = 0.1  # s: what is no gap, between two chunks
SECRETS = ("access-token", "api-key", "client-secret", "proxy-pw")


def say(text):
    print(text, flush=True)


def show_time(nanoseconds, utc):
    seconds = nanoseconds / Gst.SECOND
    text = "%d:%02d:%06.3f" % (seconds // 3600, seconds // 60 % 60, seconds % 60)
    if utc is None:
        return text
    return "%s (%s)" % (text, utc.isoformat(timespec="milliseconds"))


def read_utc(structure):
    """The field `utc` of a message, or None where it has none."""
    if not structure.has_field("utc"):
        return None
    stamp = structure.get_value("utc").to_g_date_time().to_utc()
    return datetime.datetime.fromtimestamp(
        stamp.to_unix(), datetime.timezone.utc).replace(
            microsecond=stamp.get_microsecond())


class Camera:
    """One connection to the camera, in front of `join`.

    `on_over` is called in the main loop, once, when nothing comes any more.
    """

    def __init__(self, options, join, on_over):
        self.bin = Gst.Bin.new()
        self.join = join
        self.on_over = on_over
        self.links = []  # (pad of ours, pad of join)
        self.over = 0  # how many of them are at their end
        self.audio = None  # number of the stream that is played
        self.source = Gst.ElementFactory.make("rtspsrc")
        self.source.set_property("location", options.url)
        self.source.set_property("latency", options.latency)
        if options.tcp:
            Gst.util_set_object_arg(self.source, "protocols", "tcp")
        self.source.connect("select-stream", self.select)
        self.source.connect("pad-added", self.parse)
        self.bin.add(self.source)

    def select(self, _source, number, caps):
        """Only the first stream of audio is asked for, no video."""
        if caps.get_structure(0).get_string("media") != "audio":
            return False
        if self.audio is None:
            self.audio = number
        return self.audio == number

    def parse(self, _source, pad):
        """Also called when the camera changes SSRC or payload type."""
        parser = Gst.ElementFactory.make("parsebin")
        parser.connect("pad-added", self.link)
        self.bin.add(parser)
        parser.sync_state_with_parent()
        pad.link(parser.get_static_pad("sink"))

    def link(self, _parser, pad):
        ghost = Gst.GhostPad.new(None, pad)
        ghost.set_active(True)
        self.bin.add_pad(ghost)
        ghost.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM
                        | Gst.PadProbeType.EVENT_FLUSH, self.filter)
        joint = self.join.request_pad_simple("sink_%u")
        self.links.append((ghost, joint))
        ghost.link(joint)

    def filter(self, _pad, info):
        """The end of the camera is not the end of the recording."""
        kind = info.get_event().type
        if kind == Gst.EventType.EOS:
            self.over += 1
            if self.over == len(self.links):
                GLib.idle_add(self.on_over, self)
        elif kind not in (Gst.EventType.FLUSH_START, Gst.EventType.FLUSH_STOP):
            return Gst.PadProbeReturn.OK
        return Gst.PadProbeReturn.DROP

    def drain(self):
        """What has arrived goes on, and then on_over is called. False: there is
        nothing to be waited for."""
        if not self.links or self.over == len(self.links):
            return False
        self.source.send_event(Gst.Event.new_eos())
        return True

    def remove(self):
        self.bin.set_state(Gst.State.NULL)
        self.bin.get_parent().remove(self.bin)
        for ghost, joint in self.links:
            ghost.unlink(joint)
            self.join.release_request_pad(joint)
        self.links = []


class Recorder:
    """The pipeline, and the camera of now, if there is one."""

    def __init__(self, options):
        self.options = options
        self.loop = GLib.MainLoop()
        self.status = None  # exit code, once it is known
        self.camera = None
        self.ending = False
        self.leaving = 0  # timer of a camera that is drained
        self.again = 0  # timer of the next try
        self.delay = FIRST_DELAY
        self.heard = 0.0  # when the last packet came
        self.until = None  # (running time, utc) where the last chunk ended
        self.transcripts = {}
        self.pipeline = Gst.Pipeline.new()
        self.join = Gst.ElementFactory.make("funnel")
        self.scribe = Gst.ElementFactory.make("ekascribesink")
        for element in (self.join, self.scribe):
            self.pipeline.add(element)
        self.join.link(self.scribe)
        self.join.get_static_pad("src").add_probe(
            Gst.PadProbeType.BUFFER, self.note_packet)

    # --- the camera comes and goes ---

    def connect(self):
        self.again = 0
        self.heard = time.monotonic()
        self.got_audio = False
        self.camera = Camera(self.options, self.join, self.end_camera)
        self.pipeline.add(self.camera.bin)
        self.camera.bin.sync_state_with_parent()
        return GLib.SOURCE_REMOVE

    def note_packet(self, _pad, _info):
        self.heard = time.monotonic()
        if not self.got_audio:
            self.got_audio = True
            self.delay = FIRST_DELAY
            say("audio comes from the camera")
        return Gst.PadProbeReturn.OK

    def lose(self, why):
        """The camera has failed; what came before goes on first."""
        if self.camera is None or self.leaving:
            return
        if not self.ending:
            say("the camera is away: " + why)
        if self.camera.drain():
            self.leaving = GLib.timeout_add(
                self.options.latency + 1000, self.leave)
        else:
            self.leave()

    def end_camera(self, camera):
        """All that it has sent is taken."""
        if camera is self.camera and self.leaving:
            self.leave()
        elif camera is self.camera:
            self.lose("it has ended the stream")
        return GLib.SOURCE_REMOVE

    def leave(self):
        if self.leaving:
            GLib.source_remove(self.leaving)
            self.leaving = 0
        self.camera.remove()
        self.camera = None
        if self.ending:
            self.end_recording()
            return GLib.SOURCE_REMOVE
        say("trying again in %.1f s" % self.delay)
        self.again = GLib.timeout_add(int(self.delay * 1000), self.connect)
        self.delay = min(2 * self.delay, LAST_DELAY)
        return GLib.SOURCE_REMOVE

    def watch(self):
        """A camera that lost its power says nothing, not even that."""
        if (self.camera is not None
                and time.monotonic() - self.heard > self.options.patience):
            self.lose("no data for %g s" % self.options.patience)
        return GLib.SOURCE_CONTINUE

    # --- the end ---

    def interrupt(self):
        """Ctrl-C: the recording is ended; again: at once, what is not sent is
        kept in the outbox."""
        if self.ending:
            self.quit(1)
            return GLib.SOURCE_CONTINUE
        self.ending = True
        say("ending the recording")
        if self.again:
            GLib.source_remove(self.again)
        if self.camera is not None:
            self.lose("it is no longer needed")
        else:
            self.end_recording()
        return GLib.SOURCE_CONTINUE

    def end_recording(self):
        self.join.get_static_pad("src").push_event(Gst.Event.new_eos())

    def quit(self, status):
        if self.status is None:
            self.status = status
        self.loop.quit()

    # --- what the pipeline says ---

    def read_chunk(self, structure):
        start = structure.get_value("running-time")
        end = start + structure.get_value("duration")
        utc = read_utc(structure)
        if self.until is not None and start < self.until[0]:
            return  # it was sent again
        if (self.until is not None
                and start > self.until[0] + SLACK * Gst.SECOND):
            say("gap from %s to %s" % (show_time(*self.until),
                                       show_time(start, utc)))
        if utc is not None:
            utc += datetime.timedelta(
                microseconds=structure.get_value("duration") / 1000)
        self.until = (end, utc)

    def read_element(self, structure):
        name = structure.get_name()
        if name == "ekascribe-chunk":
            self.read_chunk(structure)
        elif name == "ekascribe-session":
            if structure.get_value("state") == "recording":
                say("session " + structure.get_value("session-id"))
        elif name == "ekascribe-transcript" and structure.get_value("final"):
            self.transcripts[structure.get_value("part")] = \
                structure.get_value("text")

    def read_error(self, message):
        error, debug = message.parse_error()
        if message.src.has_as_ancestor(self.scribe) \
                or message.src == self.scribe:
            print("error: " + error.message, file=sys.stderr)
            self.quit(1)
        elif self.camera is not None \
                and message.src.has_as_ancestor(self.camera.bin):
            # The reason stands in the last line; a password could, too.
            reason = (debug or "").rsplit("\n", 1)[-1] or error.message
            self.lose(reason.replace(self.options.url, "the camera"))

    def read_message(self, _bus, message):
        if message.type == Gst.MessageType.ERROR:
            self.read_error(message)
        elif message.type == Gst.MessageType.EOS:
            self.quit(0)
        elif message.type == Gst.MessageType.WARNING \
                and message.src == self.scribe:
            print("warning: " + message.parse_warning()[0].message,
                  file=sys.stderr)
        elif message.type == Gst.MessageType.ELEMENT:
            self.read_element(message.get_structure())
        return GLib.SOURCE_CONTINUE

    def print_results(self):
        """A recording of several sessions has its whole transcript as part 0."""
        if self.transcripts:
            say("\n" + self.transcripts[min(self.transcripts)])
        for name in ("transcript-location", "result-location"):
            location = self.scribe.get_property(name)
            if location is not None:
                say("%s: %s" % (name, location))

    def run(self):
        bus = self.pipeline.get_bus()
        bus.add_watch(GLib.PRIORITY_DEFAULT, self.read_message)
        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.interrupt)
        # A setting that can't work is told by an ERROR.
        if self.pipeline.set_state(Gst.State.PLAYING) \
                != Gst.StateChangeReturn.FAILURE:
            self.connect()
            GLib.timeout_add(200, self.watch)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)
        # What NULL has to say: where audio is kept that was not sent.
        while (message := bus.pop()) is not None:
            self.read_message(bus, message)
        self.print_results()
        return self.status


def check_url(text):
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("rtsp", "rtsps", "rtspt", "rtspu", "rtsph") \
            or not parts.hostname:
        raise argparse.ArgumentTypeError("no URL of a camera: rtsp://HOST/PATH")
    return text


def set_property(element, name, text):
    pspec = element.find_property(name)
    if pspec is None:
        sys.exit("ekascribesink has no property " + name)
    # Gst.util_set_object_arg() says nothing of what it does not understand.
    if not pspec.value_type.is_a(GObject.TYPE_STRING) \
            and not pspec.value_type.is_a(GObject.TYPE_BOXED):
        try:
            Gst.Structure.from_string("s, v=(%s)%s"
                                      % (pspec.value_type.name, text))
        except TypeError:
            sys.exit("%s can't be %s" % (name, text))
    Gst.util_set_object_arg(element, name, text)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Records the sound of an RTSP camera as one session, also "
        "where the camera goes away and comes back. Ctrl-C ends the recording.",
        epilog="rtsp.sh --help tells what is read from the environment.")
    parser.add_argument("--tcp", action="store_true",
                        help="no UDP, for networks that lose packets")
    parser.add_argument("--latency", type=int, default=500, metavar="MS",
                        help="how late packets may be (500)")
    parser.add_argument("--patience", type=float, default=8, metavar="SECONDS",
                        help="how long nothing may come before the camera "
                        "counts as gone (8); TCP is tried where no UDP has "
                        "come for 5 s")
    parser.add_argument("arguments", nargs="*", metavar="URL, NAME=VALUE",
                        help="the camera, and properties of ekascribesink, "
                        "such as templates=eka_emr_template")
    options = parser.parse_intermixed_args()
    options.url = os.environ.get("RTSP_URL")
    options.settings = []
    for word in options.arguments:
        name, equals, value = word.partition("=")
        if "://" in name or not equals:
            options.url = word
        elif name in SECRETS:
            parser.error(name + " would be seen by all; use the environment")
        else:
            options.settings.append((name, value))
    if options.url is None:
        parser.error("the URL of the camera is missing")
    try:
        check_url(options.url)
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    return options


def main():
    options = parse_arguments()
    Gst.init(None)
    for name, package in (("ekascribesink", "gst-ekascribe"),
                          ("rtspsrc", "gstreamer1.0-plugins-good"),
                          ("parsebin", "gstreamer1.0-plugins-base")):
        if Gst.ElementFactory.find(name) is None:
            sys.exit("no %s: install %s, or set GST_PLUGIN_PATH"
                     % (name, package))
    recorder = Recorder(options)
    for name, text in options.settings:
        set_property(recorder.scribe, name, text)
    return recorder.run()


if __name__ == "__main__":
    sys.exit(main())
