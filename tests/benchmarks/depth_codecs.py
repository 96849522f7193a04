"""What aligned depth costs under each lossless codec: size, encoding, decoding one frame.

    MUJOCO_GL=egl .venv/bin/python tests/benchmarks/depth_codecs.py [--num-frames 40]

Frames are 640 x 480 of the arm's two cameras while it moves, as a stereo camera sees them: MuJoCo's depth, its
disparity (baseline 5 cm) disturbed by noise of 0.05 pixels that neighbours share and rounded to 1/32 pixel, back to
millimetres; nothing where it jumps, where it is too near, and in speckles.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import imagecodecs
import mujoco
import numpy as np
from numcodecs import Blosc, Zstd
from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter

from sim.widowx.scene import CAMERAS, scene_model

WIDTH, HEIGHT = 640, 480
BASELINE, FOCAL = 0.05, 600.0  # [m], [pixel]
NOISE, STEP = 0.05, 1 / 32  # of the disparity [pixel]
NEAREST, FARTHEST = 0.15, 10.0  # [m]
JUMP = 2.0  # of the disparity between neighbours, which leaves a hole [pixel]


@dataclass(frozen=True)
class Codec:
    """One way to keep a depth frame; `is_standard` where any zarr 3 reader has it."""

    name: str
    is_standard: bool
    encode: Callable[[np.ndarray], Any]
    decode: Callable[[Any], Any]


def blosc(name: str, level: int, shuffle: int, words: str) -> Codec:
    codec = Blosc(cname=name, clevel=level, shuffle=shuffle)
    return Codec(f"blosc {name} {level}, {words}", True, codec.encode, codec.decode)


CODECS = (
    blosc("zstd", 1, Blosc.BITSHUFFLE, "bits"),
    blosc("zstd", 1, Blosc.SHUFFLE, "bytes"),
    blosc("zstd", 1, Blosc.NOSHUFFLE, "as they are"),
    blosc("zstd", 3, Blosc.SHUFFLE, "bytes"),
    blosc("zstd", 5, Blosc.SHUFFLE, "bytes"),
    blosc("lz4", 5, Blosc.BITSHUFFLE, "bits"),
    blosc("lz4", 5, Blosc.SHUFFLE, "bytes"),
    Codec("zstd 1, as the vectors", True, Zstd(level=1).encode, Zstd(level=1).decode),
    Codec("png 1", False, lambda frame: imagecodecs.png_encode(frame, level=1), imagecodecs.png_decode),
    Codec("jpeg-ls", False, imagecodecs.jpegls_encode, imagecodecs.jpegls_decode),
    Codec("jpeg xl 1", False, lambda frame: imagecodecs.jpegxl_encode(frame, lossless=True, effort=1),
          imagecodecs.jpegxl_decode),
)  # fmt: skip


def frames(num_frames: int) -> Iterator[np.ndarray]:
    """(H, W) uint16 [mm]."""
    mj: Any = mujoco
    model = scene_model(lambda spec: None)
    data, rng = mj.MjData(model), np.random.default_rng(0)
    with mj.Renderer(model, HEIGHT, WIDTH) as renderer:
        renderer.enable_depth_rendering()
        for number in range(num_frames):
            data.qpos[:6] = 0.4 * np.sin(2 * np.pi * number / 90 + np.arange(6)) + [0, -0.4, 0.4, 0, 0.6, 0]
            mj.mj_forward(model, data)
            renderer.update_scene(data, camera=CAMERAS[number % len(CAMERAS)])
            yield as_stereo_sees_it(renderer.render().astype(np.float64), rng)


def as_stereo_sees_it(metres: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    disparity = BASELINE * FOCAL / metres
    is_hole = maximum_filter(disparity, 3) - minimum_filter(disparity, 3) > JUMP
    is_hole |= (metres < NEAREST) | (metres > FARTHEST)
    is_hole |= gaussian_filter(rng.normal(size=metres.shape), 3) * 3 * 2 * np.sqrt(np.pi) > 3.0
    shared = gaussian_filter(rng.normal(size=metres.shape), 1.5)
    disparity += NOISE * shared / shared.std()
    seen = BASELINE * FOCAL / (np.maximum(np.round(disparity / STEP), 1) * STEP)
    return np.where(is_hole, 0, np.clip(np.round(seen * 1e3), 0, 65535)).astype(np.uint16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-frames", type=int, default=40)
    seen = list(frames(parser.parse_args().num_frames))
    unknown = np.mean([(each == 0).mean() for each in seen])
    print(f"{len(seen)} frames of {seen[0].nbytes / 1e3:.0f} kB, {unknown:.0%} unknown")
    print(f"{'codec':28} {'any zarr':>8} {'kB':>6} {'encode ms':>9} {'decode ms':>9}")
    for codec in CODECS:
        encode, decode, sizes = [], [], []
        for frame in seen:
            begun = time.perf_counter()
            encoded = codec.encode(frame)
            between = time.perf_counter()
            decoded = codec.decode(encoded)
            decode.append(time.perf_counter() - between)
            encode.append(between - begun)
            sizes.append(len(encoded))
            assert (np.frombuffer(decoded, np.uint16) == frame.ravel()).all()
        means = (np.mean(sizes) / 1e3, np.median(encode) * 1e3, np.median(decode) * 1e3)
        print(
            f"{codec.name:28} {'yes' if codec.is_standard else 'no':>8} {means[0]:6.1f} {means[1]:9.2f} {means[2]:9.2f}"
        )


if __name__ == "__main__":
    main()
