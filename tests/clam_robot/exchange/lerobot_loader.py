"""Read a data set with LeRobot's own loader and save what it gives: run by an interpreter that has LeRobot.

    python lerobot_loader.py DATASET OUT.npz [--seconds S --delta N]

Where torchvision has no compiled part for this torch, or no film reader any more, a stand-in is declared first: the
loader itself is LeRobot's.
"""

import sys

import av
import numpy as np
import torch


def stand_in_for_torchvision() -> None:
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in (
        "roi_align", "_roi_align_backward", "ps_roi_align", "_ps_roi_align_backward", "roi_pool", "_roi_pool_backward",
        "ps_roi_pool", "_ps_roi_pool_backward", "qroi_align", "deform_conv2d", "_deform_conv2d_backward",
    ):  # fmt: skip
        library.define(f"{name}(Tensor x) -> Tensor")
    globals()["_kept"] = library


class VideoReader:
    """What `torchvision.io.VideoReader` did with its backend pyav."""

    def __init__(self, path: str, kind: str) -> None:
        self.container = av.open(path)
        self._stream = self.container.streams.video[0]
        self._frames = self.container.decode(self._stream)

    def seek(self, time: float, keyframes_only: bool = False) -> "VideoReader":
        self.container.seek(int(time / self._stream.time_base), stream=self._stream)
        self._frames = self.container.decode(self._stream)
        return self

    def __iter__(self) -> "VideoReader":
        return self

    def __next__(self) -> dict:
        frame = next(self._frames)
        return {"data": torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1), "pts": frame.time}


def loader() -> type:
    try:
        import torchvision
    except RuntimeError:
        stand_in_for_torchvision()
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        import torchvision
    if not hasattr(torchvision.io, "VideoReader"):
        torchvision.io.VideoReader = VideoReader
    if not hasattr(torchvision, "set_video_backend"):
        torchvision.set_video_backend = lambda backend: None
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    return LeRobotDataset


def main(path: str, out: str) -> None:
    import lerobot

    dataset = loader()("local/exported", root=path, video_backend="pyav")
    items = [dataset[index] for index in range(len(dataset))]
    found: dict[str, np.ndarray] = {}
    for key, value in items[0].items():
        rows = [item[key] for item in items]
        found[key] = np.array(rows) if isinstance(value, str) else np.stack([row.numpy() for row in rows])
    for key, each in dataset.meta.stats.items():
        found |= {f"stats/{key}/{name}": value for name, value in each.items()}
    np.savez(out, **found, num_episodes=dataset.num_episodes, fps=dataset.fps, version=lerobot.__version__)


if __name__ == "__main__":
    main(*sys.argv[1:])
