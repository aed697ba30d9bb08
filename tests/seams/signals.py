# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is recorded: the same samples on every run. Needs espeak-ng, sox and,
for human speech, alsa-utils."""
import array
import glob
import os
import random
import subprocess
import wave

RATE = 48000
VOICES = ("en-us", "en-gb-scotland", "en-us+f3", "en-gb+f2")
SENTENCES = (
    "Good morning, please take a seat",
    "I have had a cough for about two weeks now, mostly in the morning",
    "Did you have a fever, or night sweats?",
    "Yes",
    "Let me listen to your lungs, and breathe in deeply please",
    "There is a slight wheeze on the right side",
    "Are you allergic to any medicine that you know of?",
    "My mother had asthma when she was young",
    "Take two puffs in the morning, and two in the evening, for ten days",
)
FLOORS = (-70, -55, -45)  # dBFS
PINK = 13  # sox makes pink noise that far below full scale
# How long each signal is, and where in it is a tone without a pause, in s.
SECONDS = {"long": 700, "short": 54, "stereo": 54}
TONES = {"long": (600, 630), "short": (24, 33), "stereo": (24, 33.2)}
PEOPLE = "/usr/share/sounds/alsa/*_*.wav"


def sox(*arguments):
    subprocess.run(["sox", "-R", "-V1", *map(str, arguments)], check=True)


def read(path):
    """As RATE, mono, 16 bits."""
    raw = subprocess.run(
        ["sox", "-D", path, "-t", "raw", "-r", str(RATE), "-b", "16", "-e",
         "signed", "-c", "1", "-L", "-"], check=True, stdout=subprocess.PIPE)
    return array.array("h", raw.stdout)


def write(path, samples):
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def silence(seconds):
    return array.array("h", bytes(2 * round(seconds * RATE)))


class Signals:
    """Makes them in a folder, each one once."""

    def __init__(self, folder):
        self.folder = folder
        self.voices = []
        for voice in VOICES:
            for text in SENTENCES:
                path = self.path("piece")
                subprocess.run(["espeak-ng", "-v", voice, "-w", path, text],
                               check=True)
                self.voices.append(read(path))
        self.people = [read(path) for path in sorted(glob.glob(PEOPLE))]

    def path(self, name):
        return os.path.join(self.folder, name + ".wav")

    def talk(self, pieces, seconds, seed, longest):
        """Pieces in any order, with pauses of any length."""
        rand = random.Random(seed)
        samples = array.array("h")
        while len(samples) < seconds * RATE:
            samples += rand.choice(pieces)
            samples += silence(longest * rand.random() ** 2)
        return samples[:seconds * RATE]

    def mix_noise(self, name, samples, floor):
        dry, noise = self.path(name + "-dry"), self.path(name + "-noise")
        write(dry, samples)
        sox("-n", "-r", RATE, "-b", 16, "-c", 1, noise, "synth",
            len(samples) / RATE, "pinknoise", "vol", f"{floor + PINK}dB")
        sox("-m", "-v", 1, dry, "-v", 1, noise, self.path(name))
        return self.path(name)

    def dialogue(self, name, seconds, seed):
        """A third of it at each noise floor."""
        return [self.mix_noise(f"{name}{-floor}", self.talk(
            self.voices, seconds // len(FLOORS), seed - floor, 2.5), floor)
                for floor in FLOORS]

    def crowd(self, name, seconds):
        """People, others who talk at the same time, and a room."""
        near, far, room = (self.path(name + it) for it in ("1", "2", "3"))
        write(near, self.talk(self.people or self.voices, seconds, 1, 1.5))
        write(far, self.talk(self.voices, seconds, 2, .1))
        sox("-n", "-r", RATE, "-b", 16, "-c", 1, room, "synth", seconds,
            "brownnoise", "vol", "-30dB")
        sox("-m", "-v", .8, near, "-v", .2, far, "-v", 1, room,
            self.path(name))
        return self.path(name)

    def sweep(self, name, seconds):
        sox("-n", "-r", RATE, "-b", 16, "-c", 1, self.path(name), "synth",
            seconds, "sine", "60/14000", "vol", -8, "dB")
        return self.path(name)

    def clicks(self, name, seconds):
        """Impulses over nothing at all, 3 in a second, and none on a frame."""
        samples = silence(seconds)
        for at in range(1000, len(samples) - 8, RATE // 3 + 7):
            samples[at:at + 4] = array.array("h", (20000, -24000, 9000, -3000))
        return write(self.path(name), samples)

    def join(self, name, parts):
        sox(*parts, self.path(name))
        return self.path(name)

    def make_all(self):
        """`long`: over 10 minutes of dialogue and all others; `short`: some of
        each; `tone`: that has no pause."""
        self.join("long", [
            *self.dialogue("dialogue", 600, 0), self.sweep("sweep", 30),
            self.clicks("clicks", 25), self.crowd("crowd", 45)])
        self.join("short", [
            *self.dialogue("few", 24, 1000), self.sweep("up", 9),
            self.clicks("ticks", 6), self.crowd("some", 15)])
        # The other channel is late, so that the two differ all the time.
        sox(self.path("short"), self.path("stereo"), "remix", 1, "1v0.4",
            "delay", 0, 0.11, "trim", 0, 54)
        # G.711 and the samples that go up as they are.
        for name in ("long", "short"):
            sox(self.path(name), "-D", self.path(name + "8"), "rate", 8000)
            sox(self.path(name), "-D", self.path(name + "16"), "rate", 16000)
