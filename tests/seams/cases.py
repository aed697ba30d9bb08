# gst-ekascribe
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is recorded, how, and what has to come of it."""
import dataclasses

import decoders

OGG = ("ogg", "audio/ogg;codecs=opus")
OGG_VORBIS = ("ogg", "audio/ogg")
WEBM = ("webm", "audio/webm;codecs=opus")
M4A = ("m4a", "audio/m4a")
MP4 = ("mp4", "audio/mp4")
MP3 = ("mp3", "audio/mp3")
WAV = ("wav", "audio/wav")

# Most files are short, so chunks are too: a seam every 2 to 4 s.
BRISK = "min-chunk-duration=2000000000 max-chunk-duration=4000000000"


@dataclasses.dataclass
class Case:
    """`make`: how the recording is encoded, a command with IN and OUT, or
    elements of GStreamer; `chain`: what reads it for the element; `kind`: the
    name's ending and media type of its chunks."""
    name: str
    signal: str
    make: str
    ending: str
    chain: str
    kind: tuple
    decoders: list
    settings: str = BRISK
    # The element's own upload-type=single is what it is compared with.
    against_single: bool = False
    # Steps of 16 bits that a seam may be off: for each decoder, else for all;
    # and in a tone, where it is more.
    limit: int = 0
    limits: dict = dataclasses.field(default_factory=dict)
    tone_limit: int = 0


def gst_opus(settings, rate=48000, channels=1):
    return (f"wavparse ! audioconvert ! audioresample ! audio/x-raw,rate={rate}"
            f",channels={channels} ! opusenc {settings} ! oggmux")


# Without opusparse, which in GStreamer 1.22 cuts padding off packets of frame
# code 3 and makes packets of it.
OGG_OPUS = "oggdemux"
MKV_OPUS = "matroskademux"


def choose_opus_decoders(kind, ending, name):
    if kind == OGG and ending == "ogg":
        return decoders.OPUS_OGG
    # GStreamer loses 48 samples of a start that is no whole number of 2.5 ms.
    return decoders.OPUS_FFMPEG if "2.5 ms" in name else decoders.OPUS


def opus(name, signal, make, settings=BRISK, kind=OGG, ending="ogg",
         chain=OGG_OPUS):
    container = f"container={kind[0]} {settings}"
    speech = 1 if "CELT" in name or signal == "long" else SPEECH_LIMIT
    return Case(f"Opus {name}, {signal}, in {kind[0]}", signal, make, ending,
                chain, kind, choose_opus_decoders(kind, ending, name),
                container, limit=speech, tone_limit=TONE)


# A cut that must fall within 2 s, in a recording of 54 s, is often one in noise
# or speech: SILK's state there is not what it was, though it seems so, and may
# show seconds later. In most seams it is; what remains is told.
SPEECH_LIMIT = 512
# The predictors of SILK do not forget a pure tone; see docs/chunks.md.
TONE = 1000

SPEECH = "audio-type=voice"
OPUS_KINDS = {
    "SILK narrow 10 ms": gst_opus(
        SPEECH + " bandwidth=narrowband frame-size=10 bitrate=10000"),
    "SILK wide 20 ms": gst_opus(
        SPEECH + " bandwidth=wideband frame-size=20 bitrate=20000"),
    "SILK wide 60 ms DTX": gst_opus(
        SPEECH + " bandwidth=wideband frame-size=60 bitrate=16000 dtx=true"),
    "SILK 16 kHz CBR": gst_opus(
        SPEECH + " bitrate-type=cbr bitrate=24000", 16000),
    "hybrid 20 ms CBR":
        "opusenc --quiet --hard-cbr --bitrate 28 --speech --framesize 20 IN OUT",
    "hybrid 10 ms": gst_opus(SPEECH + " bandwidth=superwideband frame-size=10 "
                             "bitrate=32000"),
    "CELT 2.5 ms": "opusenc --quiet --music --framesize 2.5 --bitrate 64 IN OUT",
    "CELT 5 ms": gst_opus("audio-type=generic frame-size=5 bitrate=64000"),
    "CELT 10 ms CBR": gst_opus(
        "audio-type=generic frame-size=10 bitrate-type=cbr bitrate=64000"),
    "low delay 20 ms": gst_opus(
        "audio-type=restricted-lowdelay frame-size=20 bitrate=64000"),
    "music 40 ms": "opusenc --quiet --music --framesize 40 --bitrate 96 IN OUT",
    "120 ms": "ffmpeg -v error -i IN -c:a libopus -b:a 24k -application voip "
              "-frame_duration 120 -f ogg OUT",
    "80 ms CBR": "ffmpeg -v error -i IN -c:a libopus -b:a 24k -vbr off "
                 "-application voip -frame_duration 80 -f ogg OUT",
}


def list_opus():
    cases = [opus(name, "short", make) for name, make in OPUS_KINDS.items()]
    cases += [opus(name, "short", OPUS_KINDS[name], kind=WEBM) for name in (
        "SILK wide 60 ms DTX", "hybrid 20 ms CBR", "CELT 2.5 ms", "120 ms")]
    cases += [
        opus("speech 20 ms", "long",
             "opusenc --quiet --speech --bitrate 24 IN OUT", ""),
        opus("wide 20 ms", "long", gst_opus(
            SPEECH + " bandwidth=wideband bitrate=20000"), "", WEBM),
        opus("stereo 20 ms", "stereo",
             "opusenc --quiet --bitrate 48 IN OUT"),
        opus("stereo 20 ms", "stereo",
             "opusenc --quiet --bitrate 48 IN OUT", kind=WEBM),
        opus("of WebM", "short",
             "ffmpeg -v error -i IN -c:a libopus -b:a 24k -f webm OUT",
             ending="webm", chain=MKV_OPUS),
        opus("of WebM", "short",
             "ffmpeg -v error -i IN -c:a libopus -b:a 24k -f webm OUT",
             kind=WEBM, ending="webm", chain=MKV_OPUS),
    ]
    return cases


def vorbis(name, signal, make, settings=BRISK, ending="ogg",
           chain="oggdemux ! vorbisparse"):
    return Case(f"Vorbis {name}, {signal}, in ogg", signal, make, ending, chain,
                OGG_VORBIS, decoders.VORBIS_OGG if ending == "ogg"
                else decoders.VORBIS, settings)


def gst_vorbis(settings, rate, channels, mux):
    return (f"wavparse ! audioconvert ! audioresample ! audio/x-raw,rate={rate}"
            f",channels={channels} ! vorbisenc {settings} ! {mux}")


def list_vorbis():
    return [
        vorbis("q3", "long", "oggenc -Q -q 3 -o OUT IN", ""),
        vorbis("q-1 16 kHz", "short",
               "oggenc -Q -q -1 --resample 16000 -o OUT IN"),
        vorbis("stereo", "stereo", "oggenc -Q -q 2 -o OUT IN"),
        vorbis("vorbisenc", "short",
               gst_vorbis("quality=0.4", 32000, 1, "oggmux")),
        vorbis("vorbisenc of Matroska", "stereo",
               gst_vorbis("quality=0.2", 44100, 2, "matroskamux"),
               ending="mkv", chain="matroskademux ! vorbisparse"),
    ]


def aac(name, signal, make, settings=BRISK, ending="m4a", kind=M4A,
        chain="qtdemux", limit=0):
    return Case(f"AAC {name}, {signal}, in {kind[0]}", signal, make, ending,
                chain, kind, decoders.AAC, f"container={kind[0]} {settings}",
                limit=limit)


def gst_only(*arguments):
    return dataclasses.replace(aac(*arguments), decoders=decoders.AAC[1:])


def voaac(rate, bitrate, channels=1, mux="mp4mux"):
    return (f"wavparse ! audioconvert ! audioresample ! audio/x-raw,rate={rate}"
            f",channels={channels} ! voaacenc bitrate={bitrate} ! {mux}")


ADTS = "aacparse ! audio/mpeg,stream-format=adts"


def list_aac():
    cases = [
        aac("voaacenc 48 kHz", "long", voaac(48000, 64000), ""),
        aac("voaacenc 16 kHz", "long", voaac(16000, 32000), "", kind=MP4),
        aac("voaacenc 44.1 kHz stereo", "stereo", voaac(44100, 96000, 2)),
        aac("voaacenc 8 kHz", "short", voaac(8000, 16000), kind=MP4),
        aac("voaacenc 22.05 kHz", "short", voaac(22050, 32000)),
        aac("voaacenc ADTS 48 kHz", "short", voaac(48000, 64000, 1, ADTS),
            ending="aac", chain="aacparse"),
        aac("voaacenc ADTS 24 kHz", "short", voaac(24000, 32000, 1, ADTS),
            ending="aac", chain="aacparse", kind=MP4),
        # Noise, where ffmpeg's encoder leaves it to the decoder, is random.
        # It has an edit list; GStreamer loses the last frame of the recording.
        gst_only("ffmpeg 32 kHz without PNS", "short",
            "ffmpeg -v error -i IN -ar 32000 -c:a aac -aac_pns 0 -b:a 48k "
            "-f mp4 OUT"),
        aac("ffmpeg 44.1 kHz ADTS without PNS", "stereo",
            "ffmpeg -v error -i IN -ar 44100 -c:a aac -aac_pns 0 -b:a 96k "
            "-f adts OUT", ending="aac", chain="aacparse"),
    ]
    return cases


def mp3(name, signal, make, settings=BRISK):
    return Case(f"MP3 {name}, {signal}", signal, make, "mp3", "mpegaudioparse",
                MP3, decoders.MP3, settings, limits={"mpg123": 1})


def lame(settings):
    return f"lame --quiet {settings} IN OUT"


def list_mp3():
    return [
        mp3("MPEG-1 CBR 48 kHz", "long", lame("-b 64 -m m"), ""),
        mp3("MPEG-1 VBR 44.1 kHz stereo", "stereo",
            lame("-V 4 --resample 44.1")),
        mp3("MPEG-1 ABR 32 kHz", "short", lame("--abr 80 --resample 32")),
        mp3("MPEG-2 CBR 16 kHz", "short", lame("-b 32 --resample 16")),
        mp3("MPEG-2 VBR 24 kHz, no Info", "short",
            lame("-V 5 -t --resample 24")),
        mp3("MPEG-2.5 ABR 8 kHz", "short", lame("--abr 16 --resample 8")),
        mp3("MPEG-2.5 CBR 11.025 kHz, no Info", "short",
            lame("-t -b 24 --resample 11.025")),
        mp3("lamemp3enc", "short",
            "wavparse ! audioconvert ! lamemp3enc target=bitrate cbr=true "
            "bitrate=128 mono=true"),
    ]


def wav(name, signal, make, chain, codec):
    return Case(f"{name}, {signal}, in wav", signal, make, "wav", chain, WAV,
                [decoders.Ffmpeg(codec), *decoders.WAV],
                "" if signal.startswith("long") else BRISK)


def list_wav():
    return [
        wav("µ-law", "long8", "sox IN -t wav -e mu-law OUT", "wavparse",
            "pcm_mulaw"),
        wav("A-law", "long8", "sox IN -t wav -e a-law OUT", "wavparse",
            "pcm_alaw"),
        wav("PCM", "long16", "cp IN OUT", "wavparse", "pcm_s16le"),
    ]


def encoded(kind, signal, settings):
    return Case(f"encode=opus, {signal}, in {kind[0]}", signal, "cp IN OUT",
                "wav", "wavparse", kind,
                decoders.OPUS_OGG if kind == OGG else decoders.OPUS,
                f"encode=opus container={kind[0]} {settings}", True,
                limit=SPEECH_LIMIT, tone_limit=TONE)


def list_encoded():
    return [
        encoded(OGG, "long", ""), encoded(WEBM, "long16", ""),
        encoded(OGG, "short16", BRISK), encoded(WEBM, "stereo", BRISK),
        Case("PCM 48 kHz stereo, made 16 kHz mono", "stereo", "cp IN OUT",
             "wav", "wavparse", WAV,
             [decoders.Ffmpeg("pcm_s16le"), *decoders.WAV], BRISK, True),
    ]


def list_all():
    return (list_opus() + list_vorbis() + list_aac() + list_mp3() + list_wav()
            + list_encoded())
