# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decoders that are not ours. Each takes files and gives the samples of each,
as bytes; nothing of one file reaches the next one, though one process may read
several of them."""
import os
import shutil
import subprocess

GST = os.environ.get("EKASCRIBE_GST_LAUNCH", "gst-launch-1.0")
# So many files are open in one process.
BATCH = 16


class Broken(Exception):
    """A decoder that failed, or complained."""


def run(*command, environment=None):
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment)
    if done.returncode != 0:
        raise Broken(f"{' '.join(map(str, command))}: {done.returncode}: "
                     f"{done.stderr.decode(errors='replace')[-1600:]}")
    return done


def take(path):
    with open(path, "rb") as file:
        data = file.read()
    os.unlink(path)
    return data


def strip_wav(data):
    at = data.index(b"data", 12)
    return data[at + 8:]


class Ffmpeg:
    """One of its decoders, by name; samples as they leave it (`form`)."""

    program = "ffmpeg"

    def __init__(self, codec, form="s16le"):
        self.name = f"ffmpeg {codec}"
        self.codec = codec
        self.form = form

    def decode(self, paths, scratch):
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
        for path in paths:
            command += ["-c:a", self.codec, "-i", path]
        outs = [f"{scratch}-{i}.raw" for i in range(len(paths))]
        for i, out in enumerate(outs):
            command += ["-map", f"{i}:a", "-f", self.form, out]
        done = run(*command)
        if done.stderr:
            raise Broken(f"{self.name}: {done.stderr.decode()[-1600:]}")
        return [take(out) for out in outs]


# What GStreamer reads a file with, by the ending of its name.
READERS = {"ogg": "oggdemux", "webm": "matroskademux", "mkv": "matroskademux",
           "m4a": "qtdemux", "mp4": "qtdemux", "aac": "aacparse"}


class Gst:
    """One of GStreamer's decoders."""

    program = "gst-launch-1.0"

    def __init__(self, chain, form="S16LE"):
        self.name = f"gst {chain}"
        self.chain = chain
        self.form = form

    def decode(self, paths, scratch):
        command = [GST, "-q"]
        outs = [f"{scratch}-{i}.raw" for i in range(len(paths))]
        for path, out in zip(paths, outs):
            reader = READERS[path.rpartition(".")[2]]
            command += (f"filesrc location={path} ! {reader} ! {self.chain} ! "
                        "audioconvert dithering=none ! "
                        f"audio/x-raw,format={self.form} ! "
                        f"filesink location={out}").split()
        run(*command)
        return [take(out) for out in outs]


class Tool:
    """A program for one file; `IN` and `OUT` stand for the files."""

    def __init__(self, name, command, wav=False):
        self.name = name
        self.command = command.split()
        self.program = self.command[0]
        self.wav = wav

    def decode(self, paths, scratch):
        results = []
        out = scratch + (".wav" if self.wav else ".raw")
        for path in paths:
            names = {"IN": path, "OUT": out}
            run(*(names.get(it, it) for it in self.command))
            data = take(out)
            results.append(strip_wav(data) if self.wav else data)
        return results


def decode_all(decoder, paths, scratch):
    results = []
    for at in range(0, len(paths), BATCH):
        results += decoder.decode(paths[at:at + BATCH], scratch)
    return results


def is_there(decoder):
    return shutil.which(decoder.program) is not None


OPUS_OGG = [
    Ffmpeg("opus"), Ffmpeg("libopus"), Gst("opusdec"),
    Tool("opusdec", "opusdec --quiet --no-dither --rate 48000 IN OUT", True),
]
# Not the "opus" of ffmpeg: it reads on where a packet ends, which in WebM is the
# next one. Packed into Ogg, the same packets are decoded as they should.
OPUS = OPUS_OGG[1:-1]
OPUS_FFMPEG = OPUS[:-1]
VORBIS = [
    Ffmpeg("vorbis", "f32le"), Ffmpeg("libvorbis", "f32le"),
    Gst("vorbisdec", "F32LE"),
]
VORBIS_OGG = VORBIS + [
    Tool("oggdec", "oggdec -Q -R -b 16 -o OUT IN"),
    Tool("sox", "sox -D -t vorbis IN -t raw -b 16 -e signed OUT"),
]
# Not faad: it gives nothing for the first frame of a file, and so takes the
# next one for it, which an edit list does not hide.
AAC = [
    Ffmpeg("aac", "f32le"), Gst("avdec_aac", "F32LE"),
]
# Not sox and GStreamer 1.22: they hide no encoder delay. Nor the "mp3" of
# ffmpeg, which dithers what it rounds.
MP3 = [
    Ffmpeg("mp3float", "f32le"),
    Tool("mpg123", "mpg123 -q --no-resync -s -e s16 -O OUT IN"),
]
WAV = [
    Tool("sox", "sox -D IN -t raw -b 16 -e signed OUT"),
]
