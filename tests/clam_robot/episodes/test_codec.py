import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from clam_robot.episodes.codec import JpegCodec
from clam_robot.episodes.schema import JPEG
from clam_robot.errors import InvalidImage
from clam_robot.specs import RobotSpec

SHAPE = (4, 32, 48, 3)


def create(folder: Path, shape: tuple[int, ...] = SHAPE, dtype: str = "uint8", level: int = 90) -> zarr.Array:
    return zarr.create_array(
        str(folder),
        shape=shape,
        chunks=(1, *shape[1:]),
        dtype=dtype,
        serializer=JpegCodec(level=level),
        compressors=None,
    )


def smooth_frames() -> np.ndarray:
    t, y, x = np.meshgrid(*(np.linspace(0, 3, n) for n in SHAPE[:3]), indexing="ij")
    return np.stack([127 + 120 * np.sin(t + x), 127 + 120 * np.cos(y), 80 + 20 * t], axis=-1).astype(np.uint8)


def test_frames_survive_but_for_what_jpeg_costs(tmp_path: Path) -> None:
    create(tmp_path)[:] = smooth_frames()
    found = zarr.open_array(str(tmp_path), mode="r")[:].astype(float)
    psnr = 10 * np.log10(255**2 / ((found - smooth_frames()) ** 2).mean())
    assert psnr > 35


def test_the_level_trades_size_for_quality(tmp_path: Path) -> None:
    sizes = []
    for level in (50, 95):
        create(tmp_path / str(level), level=level)[:] = smooth_frames()
        sizes.append(sum(file.stat().st_size for file in (tmp_path / str(level) / "c").rglob("*") if file.is_file()))
    assert sizes[0] < sizes[1]


def test_the_metadata_is_that_of_the_imagecodecs_zarr_package() -> None:
    metadata = {"name": "imagecodecs_jpeg", "configuration": {"level": 75}}
    assert JpegCodec.from_dict(metadata).to_dict() == metadata
    assert JpegCodec.from_dict({"name": JPEG}) == JpegCodec()


@pytest.mark.parametrize(("shape", "dtype"), [((4, 8, 8, 3), "float32"), ((4, 8, 8, 4), "uint8"), ((4, 8, 8), "uint8")])
def test_anything_but_rgb_frames_is_refused(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    with pytest.raises(InvalidImage, match=r"expected shape \(T, H, W, 3\) uint8, found"):
        create(tmp_path, shape, dtype)


def test_another_program_reads_the_frames_through_the_entry_point(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 3)
    installed = tmp_path / "clam_codec-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: clam-codec\nVersion: 0\n")
    (installed / "entry_points.txt").write_text(f"[zarr.codecs]\n{JPEG} = clam_robot.episodes.codec:JpegCodec\n")
    program = (
        f"import sys; sys.path.append({str(tmp_path)!r}); import zarr;"
        f"print(zarr.open_group({str(path)!r}, mode='r')['images/wrist'][:].shape)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == "(3, 8, 8, 3)"
