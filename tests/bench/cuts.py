# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Part (k) of bench.py: how many cuts fall where nobody speaks. `tools` is
bench.py itself."""
import bisect
import os
import shutil
import statistics
from concurrent.futures import ThreadPoolExecutor

import dialogue

WINDOW = (20, 10)  # s: where a window begins that ends at 20 s
SEED = 1
NOISES = (-70, -55, -45, "babble")
PEOPLE = "/usr/share/sounds/alsa/Front_Center.wav"
SHORTEST = .1      # s of a pause within the window that can be hit
NEAR = .05         # s: nearer to speech is bad where the pause allows more

RAW = ("audioconvert ! audioresample ! "
       "audio/x-raw,channels=1,rate={rate} ! audioconvert ! ")
LEVEL = ("audiobuffersplit output-buffer-duration=1/50 ! "
         "level audio-level-meta=true post-messages=false ! ")
OPUS = ("opusenc complexity=4 audio-type={kind} bitrate={rate} "
        "bitrate-type={how}")
AAC = " ! aacparse ! audio/mpeg,stream-format=raw"
# What a decoder of MP3 and the encoder are late; the encoders of AAC are.
MP3_DELAY = 1105
LAVC_DELAY = 1024
VO_DELAY = 1600


def opus(kind, rate, how):
    return OPUS.format(kind=kind, rate=rate, how=how)


# Name, rate, encoder, samples that what is decoded lags behind
CODECS = (
    ("Opus SILK 12k VBR", 8000, opus("voice", 12000, "vbr"), 0),
    ("Opus SILK 16k VBR", 16000, opus("voice", 16000, "vbr"), 0),
    ("Opus SILK 16k CBR", 16000, opus("voice", 16000, "cbr"), 0),
    ("Opus hybrid 24k VBR", 48000, opus("voice", 24000, "vbr"), 0),
    ("Opus hybrid 24k CBR", 48000, opus("voice", 24000, "cbr"), 0),
    ("Opus CELT 32k VBR", 48000, opus("restricted-lowdelay", 32000, "vbr"), 0),
    ("Opus CELT 32k CBR", 48000, opus("restricted-lowdelay", 32000, "cbr"), 0),
    ("Opus CELT 64k CBR 5 ms", 48000,
     opus("restricted-lowdelay", 64000, "cbr") + " frame-size=5", 0),
    ("level, Opus CELT CBR", 48000,
     LEVEL + opus("restricted-lowdelay", 32000, "cbr"), 0),
    ("level, AAC", 16000, LEVEL + "voaacenc bitrate=32000", VO_DELAY),
    ("AAC voaacenc 32k", 16000, "voaacenc bitrate=32000", VO_DELAY),
    ("AAC voaacenc 64k", 44100, "voaacenc bitrate=64000", VO_DELAY),
    ("AAC FFmpeg 32k", 16000, "avenc_aac bitrate=32000" + AAC, LAVC_DELAY),
    ("AAC FFmpeg 64k", 44100, "avenc_aac bitrate=64000" + AAC, LAVC_DELAY),
    ("MP3 MPEG-1 64k CBR", 44100,
     "lamemp3enc target=bitrate cbr=true bitrate=64 ! mpegaudioparse",
     MP3_DELAY),
    ("MP3 MPEG-1 VBR", 44100,
     "lamemp3enc target=quality quality=5 ! mpegaudioparse", MP3_DELAY),
    ("MP3 MPEG-2 32k CBR", 16000,
     "lamemp3enc target=bitrate cbr=true bitrate=32 ! mpegaudioparse",
     MP3_DELAY),
    ("MP3 MPEG-2 VBR", 16000,
     "lamemp3enc target=quality quality=5 ! mpegaudioparse", MP3_DELAY),
    ("Vorbis q3", 48000, "vorbisenc quality=0.3", 0),
    ("Vorbis q1", 16000, "vorbisenc quality=0.1", 0),
    ("µ-law", 8000, "mulawenc", 0),
    ("A-law", 8000, "alawenc", 0),
    ("PCM", 16000, "audio/x-raw,format=S16LE", 0),
)


class Tally:
    """Of cuts of one kind: how many, how many in silence, how far from speech
    those are, and how many of them are nearer than they had to be; and how many
    had no silence to fall in, which don't count."""

    def __init__(self):
        self.cuts = self.hits = self.near = self.hopeless = 0
        self.distances = []

    def add_choice(self, last, time, pre_roll, pauses):
        """A cut that could fall anywhere in the window behind the last one, of
        which the pre-roll takes its part."""
        if any(start < last + WINDOW[0] - pre_roll - SHORTEST and
               end > last + WINDOW[1] + SHORTEST for start, end in pauses):
            self.add(time, pauses)
        else:
            self.hopeless += 1

    def add(self, time, pauses):
        i = bisect.bisect_right(pauses, (time, float("inf"))) - 1
        self.cuts += 1
        if i < 0 or time > pauses[i][1]:
            return
        start, end = pauses[i]
        distance = min(time - start, end - time)
        self.hits += 1
        self.distances.append(distance)
        self.near += distance < min(NEAR, (end - start) / 3)

    def show(self):
        return f"{100 * self.hits / self.cuts:.0f}" if self.cuts else "-"


def make_signals(bench):
    """Returns name, path and pauses of each."""
    folder, seconds = bench.folder, bench.options.cut_seconds
    path = {name: os.path.join(folder, name + ".wav")
            for name in ("synth", "human", "babble")}
    pieces = dialogue.speak(folder, bench.options.voices)
    kinds = {"synth": dialogue.assemble(path["synth"], pieces, seconds, SEED)}
    if os.path.exists(PEOPLE):
        kinds["human"] = dialogue.assemble(
            path["human"], dialogue.people(), seconds, SEED + 1, True)
    dialogue.babble(path["babble"], folder, pieces, seconds + 60, SEED + 2)
    for kind, pauses in kinds.items():
        for noise in NOISES:
            target = os.path.join(folder, f"{kind}{noise}.wav")
            dialogue.add_noise(path[kind], target,
                               path["babble"] if noise == "babble" else noise)
            yield f"{kind} {noise}", target, pauses


def find_cuts(bench, tools, path, codec):
    """Where the cuts are, hard and not, in seconds of the signal, and how much
    pre-roll was in front of each chunk."""
    _, rate, encoder, delay = codec
    packets = f"{path}.{CODECS.index(codec)}"
    tools.run([bench.program("bench_encode"),
               f"filesrc location={path} ! wavparse ! " +
               RAW.format(rate=rate) + encoder, packets])
    output, _ = tools.run([bench.program("bench_cuts"), packets,
                           *map(str, WINDOW)])
    os.unlink(packets)
    lines = [[tuple(map(float, cut.split(":"))) for cut in line.split()]
             for line in output.splitlines()]
    return [[(cut - delay / rate, pre_roll) for cut, pre_roll in line]
            for line in lines]


def measure(bench, tools):
    """Once: what is counted takes no time that could change."""
    bench.tallies = {}
    if not (shutil.which("espeak-ng") and shutil.which("sox")):
        return
    codecs = [codec for codec in CODECS
              if not bench.options.smoke or codec[0] in ("PCM", "A-law")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, path, pauses in make_signals(bench):
            found = pool.map(lambda codec, path=path: find_cuts(
                bench, tools, path, codec), codecs)
            for codec, lines in zip(codecs, found, strict=True):
                for kind, cuts in zip(("hard", name), lines, strict=True):
                    tally = bench.tallies.setdefault(codec[0], {}).setdefault(
                        kind, Tally())
                    for (last, _), (cut, roll) in zip([(0, 0), *cuts], cuts):
                        if kind == "hard":
                            tally.add(cut, pauses)
                        else:
                            tally.add_choice(last, cut, roll, pauses)
            os.unlink(path)


def show(bench):
    """Shares of cuts in silence, and of all of these how far from speech."""
    if not bench.tallies:
        print("\n(k) is left out: it needs espeak-ng and sox")
        return
    print("\n(k) share of cuts where nobody speaks (%), by noise (dBFS; speech "
          f"has {dialogue.SPEECH})")
    columns = list(next(iter(bench.tallies.values())))
    print(" " * 24 + " ".join(
        column.rjust(12) for column in columns) +
          "    from speech, median (ms)  too near  cuts  and without a pause")
    for codec, kinds in bench.tallies.items():
        ours = [kinds[column] for column in columns if column != "hard"]
        distances = [it for tally in ours for it in tally.distances] or [0]
        print(codec.ljust(24) + " ".join(
            kinds[column].show().rjust(12) for column in columns) +
              f"{1000 * statistics.median(distances):28.0f}"
              f"{sum(tally.near for tally in ours):10d}"
              f"{sum(tally.cuts for tally in ours):6d}"
              f"{sum(tally.hopeless for tally in ours):21d}")
