"""A short video."""

from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames of 64 x 48, each of its own grey; red is twice as bright as blue."""
    path = tmp_path_factory.mktemp("video") / "grey.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, (64, 48))
    for k in range(20):
        bgr = np.full((48, 64, 3), 0, np.uint8)
        bgr[:] = (40 + 3 * k, 60 + 3 * k, 80 + 6 * k)
        writer.write(bgr)
    writer.release()
    return path
