"""hidapi's two calls over a device that a test moves: the bytes are those of real devices."""

from typing import Any

TRANSLATION, ROTATION, BUTTONS = 1, 2, 3


class FakeHid:
    """Everything that is plugged in; `enumerate` and `device` are hidapi's."""

    def __init__(self, product: tuple[int, int] = (0x256F, 0xC635)) -> None:
        self.product = product
        self.is_plugged = True
        self.is_permitted = True
        self.reports: list[bytes] = []
        self.num_open = 0

    def enumerate(self) -> list[dict[str, Any]]:
        mouse = {"vendor_id": 0x046D, "product_id": 0xC077, "path": b"/dev/hidraw0", "usage_page": 1, "usage": 2}
        vendor, number = self.product
        cap = {"vendor_id": vendor, "product_id": number, "path": b"/dev/hidraw3", "usage_page": 1, "usage": 8}
        keys = {**cap, "path": b"/dev/hidraw4", "usage": 6}
        return [mouse, keys, cap] if self.is_plugged else [mouse]

    def device(self) -> "FakeHandle":
        return FakeHandle(self)

    def send(self, *report: int) -> None:
        self.reports.append(bytes(report))

    def send_six(self, *numbers: int) -> None:
        """As newer devices do."""
        self.send(TRANSLATION, *_bytes(numbers))

    def send_twice_three(self, *numbers: int) -> None:
        """As older devices do."""
        self.send(TRANSLATION, *_bytes(numbers[:3]))
        self.send(ROTATION, *_bytes(numbers[3:]))


class FakeHandle:
    def __init__(self, hid: FakeHid) -> None:
        self._hid = hid
        self._is_open = self._is_nonblocking = False

    def open_path(self, path: bytes) -> None:
        if not (self._hid.is_plugged and self._hid.is_permitted and path == b"/dev/hidraw3"):
            raise OSError("open failed")
        self._is_open = True
        self._hid.num_open += 1

    def set_nonblocking(self, v: int) -> int:
        self._is_nonblocking = bool(v)
        return 0

    def read(self, max_length: int) -> list[int]:
        assert self._is_nonblocking, "it would wait"
        if not self._is_open:
            raise ValueError("not open")
        if not self._hid.is_plugged:
            raise OSError("read error")
        return list(self._hid.reports.pop(0)[:max_length]) if self._hid.reports else []

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._hid.num_open -= 1


def _bytes(numbers: tuple[int, ...]) -> bytes:
    return b"".join(number.to_bytes(2, "little", signed=True) for number in numbers)
