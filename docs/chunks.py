#!/usr/bin/env python3
# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws chunks.svg: how a chunk of Opus is cut. `docs/chunks.py BUILD` has
speech made, encoded and cut by the programs of tests/bench in a build folder;
needs espeak-ng, sox and gstreamer1.0-plugins-base."""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "bench"))

import dialogue  # noqa: E402

SEED = 12
NOISE = -55      # dBFS
SHOWN = 25       # s
WINDOW = (10, 20)
ZOOM = 3.2       # s around the cut
PACKET = .02     # s
PRE_SKIP = 312 / 48000  # s of the first packet that are the encoder's own
SILK_CONFIGS = 16

# Pixels
WIDTH, HEIGHT = 960, 590
LEFT, RIGHT = 40, 920
WAVE = (92, 52)     # middle and half height of the waveform
FLAGS, FLAG_HEIGHT = 156, 14
PAUSES = 186
CHUNKS = 226
ZOOM_WAVE = (372, 56)
ZOOM_PACKETS = 444
ZOOM_FILES = 486
BAR = 26

STYLE = """
text { font: 13px 'DejaVu Sans', Verdana, sans-serif; fill: #26303c; }
.small { font-size: 11px; fill: #5a6675; }
.bold { font-weight: bold; }
.cut { fill: #c2334d; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
"""


def run(*arguments):
    return subprocess.run(arguments, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def make(build, folder):
    """Returns samples, voice flags of the packets, cuts and pre-rolls."""
    programs = os.path.join(build, "tests", "bench")
    clean, path, packets = (os.path.join(folder, name)
                            for name in ("clean.wav", "noisy.wav", "packets"))
    dialogue.assemble(clean, dialogue.speak(folder), 3 * SHOWN, SEED)
    dialogue.add_noise(clean, path, NOISE)
    run(os.path.join(programs, "bench_encode"),
        f"filesrc location={path} ! wavparse ! audioconvert ! audioresample ! "
        "audio/x-raw,rate=16000,channels=1 ! opusenc audio-type=voice "
        "bitrate=24000 bitrate-type=vbr", packets)
    cuts = run(os.path.join(programs, "bench_cuts"), packets, str(WINDOW[0]))
    ends, pre_rolls = zip(*(map(float, cut.split(":"))
                            for cut in cuts.split()))
    return dialogue.read(path), read_voice(packets), ends[0], pre_rolls[1]


def read_voice(path):
    """Whether each packet of 20 ms in one frame has a voice: RFC 6716 section
    4.2.3, the first bit behind the first byte."""
    with open(path, "rb") as file:
        data = file.read()
    at = data.index(0) + 1
    voiced = []
    while at < len(data):
        size = int.from_bytes(data[at + 1:at + 5], "big")
        packet = data[at + 5:at + 5 + size]
        assert packet[0] >> 3 < SILK_CONFIGS and packet[0] & 3 == 0
        voiced.append(size > 1 and packet[1] >= 128)
        at += 5 + size
    return voiced


def find_runs(voiced):
    """Stretches of packets with the same flag: (flag, from, to)."""
    start = 0
    for i in range(1, len(voiced) + 1):
        if i == len(voiced) or voiced[i] != voiced[start]:
            yield voiced[start], start, i
            start = i


class Picture:
    def __init__(self):
        self.parts = []

    def add(self, text):
        self.parts.append(text)

    def rect(self, x, y, width, height, fill, more=""):
        self.add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                 f'height="{height:.1f}" fill="{fill}" {more}/>')

    def line(self, x, y, x2, y2, stroke, more=""):
        self.add(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x2:.1f}" '
                 f'y2="{y2:.1f}" stroke="{stroke}" {more}/>')

    def text(self, x, y, words, kind=""):
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{words}</text>')

    def wave(self, samples, scale, place):
        """The least and the greatest sample of every pixel."""
        middle, half = place
        above, below = [], []
        for x in range(LEFT, RIGHT):
            part = samples[round(scale.time(x) * dialogue.RATE):
                           round(scale.time(x + 1) * dialogue.RATE)]
            above.append(f"{x},{middle - half * max(part) / 32768:.1f}")
            below.append(f"{x},{middle - half * min(part) / 32768:.1f}")
        self.add(f'<polygon points="{" ".join(above + below[::-1])}" '
                 f'fill="{BLUE}" stroke="{BLUE}" stroke-width=".5"/>')

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                f'<svg xmlns="http://www.w3.org/2000/svg" '
                f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                f'height="{HEIGHT}" role="img" aria-label="{LABEL}">\n'
                f'<style>{STYLE}</style>\n{HATCH}\n' +
                "\n".join(self.parts) + "\n</svg>\n")


BLUE, PALE, RED, SAND, GOLD, INK = ("#3f6fa8", "#dbe1e9", "#c2334d", "#fdf1d6",
                                    "#e0a030", "#26303c")
LABEL = ("A recording, the voice flags of its packets, the window for the cut, "
         "and the cut in the middle of a pause, with the pre-roll of the next "
         "chunk")
HATCH = ('<defs><pattern id="hatch" width="6" height="6" '
         'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
         f'<rect width="6" height="6" fill="#fbe6b8"/>'
         f'<rect width="3" height="6" fill="{GOLD}"/></pattern></defs>')


class Scale:
    """From seconds to pixels and back."""

    def __init__(self, start, end):
        self.start, self.unit = start, (RIGHT - LEFT) / (end - start)

    def x(self, time):
        return LEFT + (time - self.start) * self.unit

    def time(self, x):
        return self.start + (x - LEFT) / self.unit


def begin(i):
    """When what packet @i adds is heard."""
    return i * PACKET - PRE_SKIP


def draw_flags(picture, scale, voiced, y, height, gap=0.):
    first = max(0, round(scale.time(LEFT) / PACKET))
    last = min(len(voiced), round(scale.time(RIGHT) / PACKET))
    runs = ([(voiced[i], i, i + 1) for i in range(first, last)] if gap else
            find_runs(voiced[first:last]))
    offset = 0 if gap else first
    for flag, start, end in runs:
        x = max(scale.x(begin(start + offset)), LEFT)
        x2 = min(scale.x(begin(end + offset)), RIGHT)
        picture.rect(x + gap / 2, y, x2 - x - gap, height,
                     BLUE if flag else PALE)


def draw_axis(picture, scale, y):
    for second in range(0, SHOWN + 1, 5):
        x = scale.x(second)
        picture.line(x, y, x, y + 4, INK)
        picture.text(x, y + 17, f"{second} s", "small middle")


def draw_pauses(picture, scale, voiced, cut):
    """What there is to choose from, with what each lasts."""
    free = LEFT
    for flag, start, end in find_runs(voiced):
        time, until = begin(start), begin(end)
        if flag or until - time < .1 or until < WINDOW[0] or time > WINDOW[1]:
            continue
        chosen = time < cut < until
        x, x2 = scale.x(time), scale.x(until)
        picture.rect(x, PAUSES, x2 - x, 5, RED if chosen else "#8b97a6",
                     'rx="2.5"')
        middle = (x + x2) / 2
        if chosen or middle - 14 > free:
            picture.text(middle, PAUSES + 18, f"{until - time:.2f}".lstrip("0"),
                         "small middle" + (" cut bold" if chosen else ""))
            free = middle + 14


def draw_chunk(picture, x, x2, y, words):
    picture.rect(x, y, x2 - x, BAR, "#e8eef6", f'stroke="{BLUE}" rx="3"')
    picture.text((x + x2) / 2, y + 17, words, "middle")


def draw_whole(picture, samples, voiced, cut):
    scale = Scale(0, SHOWN)
    x, x2 = scale.x(WINDOW[0]), scale.x(WINDOW[1])
    picture.rect(x, 36, x2 - x, CHUNKS - 46, SAND)
    for edge in (x, x2):
        picture.line(edge, 36, edge, CHUNKS - 10, GOLD,
                     'stroke-dasharray="4 3"')
    picture.text((x + x2) / 2, 28, "here a cut may fall: min-chunk-duration "
                 "to max-chunk-duration", "middle")
    picture.wave(samples, scale, WAVE)
    draw_flags(picture, scale, voiced, FLAGS, FLAG_HEIGHT)
    picture.text(LEFT, FLAGS - 5, "voice flag of each packet", "small")
    picture.text(LEFT, PAUSES + 6, "pauses to choose from, in seconds", "small")
    draw_pauses(picture, scale, voiced, cut)
    at = scale.x(cut)
    draw_chunk(picture, LEFT, at - 1, CHUNKS, "chunk 0")
    draw_chunk(picture, at + 1, RIGHT + 6, CHUNKS, "chunk 1")
    picture.line(at, 36, at, PAUSES, RED, 'stroke-width="2"')
    picture.line(at, PAUSES + 24, at, CHUNKS + BAR + 6, RED,
                 'stroke-width="2"')
    picture.rect(RIGHT, CHUNKS - 4, 40, BAR + 8, "#fbfcfe")
    draw_axis(picture, scale, CHUNKS + BAR + 8)
    return at


def draw_near(picture, samples, voiced, cut, pre_roll, at):
    """The cut from near by."""
    scale = Scale(cut - ZOOM / 2, cut + ZOOM / 2)
    top, bottom = ZOOM_WAVE[0] - ZOOM_WAVE[1] - 8, HEIGHT - 22
    under = CHUNKS + BAR + 28
    half = ZOOM / 2 * (RIGHT - LEFT) / SHOWN
    picture.rect(at - half, under - 2, 2 * half, 2, "#b4bfcc")
    picture.add(f'<path d="M{at - half:.1f},{under} L{LEFT - 12},{top} '
                f'H{RIGHT + 12} L{at + half:.1f},{under} Z" fill="#e9edf3"/>')
    picture.rect(LEFT - 12, top, RIGHT - LEFT + 24, bottom - top, "#ffffff",
                 'stroke="#cfd6df" rx="4"')
    picture.wave(samples, scale, ZOOM_WAVE)
    draw_flags(picture, scale, voiced, ZOOM_PACKETS, FLAG_HEIGHT, 2)
    picture.text(LEFT, ZOOM_PACKETS - 6,
                 "packets of 20 ms; pale: nobody speaks", "small")
    x, start = scale.x(cut), scale.x(cut - pre_roll)
    draw_chunk(picture, LEFT - 6, x, ZOOM_FILES, "end of chunk 0")
    lower = ZOOM_FILES + BAR + 10
    draw_chunk(picture, x, RIGHT + 6, lower, "chunk 1 is heard from here")
    picture.rect(start, lower, x - start, BAR, "url(#hatch)",
                 f'stroke="{GOLD}" rx="3"')
    picture.text(start - 8, lower + 17, "pre-roll: not heard", "end")
    picture.line(x, top, x, lower + BAR + 6, RED, 'stroke-width="2"')
    picture.text(x + 8, top + 17, "the cut: the middle of the pause",
                 "cut bold")


def main():
    if len(sys.argv) != 2:
        sys.exit("Usage: chunks.py BUILD")
    with tempfile.TemporaryDirectory() as folder:
        samples, voiced, cut, pre_roll = make(sys.argv[1], folder)
    picture = Picture()
    # its own ground: it has to be read on white and on black
    picture.rect(0, 0, WIDTH, HEIGHT, "#fbfcfe", 'rx="8"')
    at = draw_whole(picture, samples, voiced, cut)
    draw_near(picture, samples, voiced, cut, pre_roll, at)
    picture.write(os.path.join(ROOT, "docs", "chunks.svg"))


if __name__ == "__main__":
    main()
