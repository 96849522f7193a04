"""How a camera draws: a pinhole with Brown's distortion, as OpenCV counts its coefficients."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.errors import ConfigError

PARAMETERS = ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3")


@dataclass(frozen=True, kw_only=True)
class Intrinsics(config.Strict):
    """A camera's own numbers, at one image size. The centre of the upper left pixel is (0, 0).

    Attributes:
        width: of the image [pixel].
        height: of the image [pixel].
        fx: focal length along x [pixel].
        fy: along y [pixel].
        cx: where the optical axis meets the image [pixel].
        cy: the same along y [pixel].
        distortion: k1, k2, p1, p2, k3 of Brown's model, from the undistorted to the distorted point.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.height > 0 and self.fx > 0 and self.fy > 0):
            raise ConfigError(
                f"intrinsics: expected a size and focal lengths above 0, found {self.width} x {self.height}, "
                f"{self.fx} and {self.fy} pixels"
            )

    @property
    def matrix(self) -> Float64[np.ndarray, "3 3"]:
        """The camera matrix [pixel]."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def coefficients(self) -> Float64[np.ndarray, "5"]:
        """Of the distortion, for OpenCV."""
        return np.array(self.distortion)

    @property
    def vector(self) -> Float64[np.ndarray, "9"]:
        """All numbers in the order of `PARAMETERS`."""
        return np.array([self.fx, self.fy, self.cx, self.cy, *self.distortion])

    def with_vector(self, vector: Float64[np.ndarray, "9"]) -> "Intrinsics":
        """The same image size with other numbers, in the order of `PARAMETERS`."""
        fx, fy, cx, cy, *distortion = (float(each) for each in vector)
        k1, k2, p1, p2, k3 = distortion
        return Intrinsics(
            width=self.width, height=self.height, fx=fx, fy=fy, cx=cx, cy=cy, distortion=(k1, k2, p1, p2, k3)
        )

    def project(self, points: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2"]:
        """Pixels of points in the camera's frame [m], x to the right, y down, z forwards."""
        return self.project_with_jacobians(points)[0]

    def project_with_jacobians(
        self, points: Float64[np.ndarray, "n 3"]
    ) -> tuple[Float64[np.ndarray, "n 2"], Float64[np.ndarray, "n 2 3"], Float64[np.ndarray, "n 2 9"]]:
        """Pixels, and how they change with the points [pixel/m] and with the numbers in the order of `PARAMETERS`."""
        z = points[:, 2]
        x, y = points[:, 0] / z, points[:, 1] / z
        k1, k2, p1, p2, k3 = self.distortion
        r2 = x * x + y * y
        radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
        slope = k1 + r2 * (2.0 * k2 + 3.0 * r2 * k3)
        u = x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
        v = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
        pixels = np.stack([self.fx * u + self.cx, self.fy * v + self.cy], axis=1)
        ux = radial + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x
        uy = 2.0 * x * y * slope + 2.0 * p1 * x + 2.0 * p2 * y
        vy = radial + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x
        by_point = np.empty((len(points), 2, 3))
        by_point[:, 0] = (self.fx / z)[:, np.newaxis] * np.stack([ux, uy, -(ux * x + uy * y)], axis=1)
        by_point[:, 1] = (self.fy / z)[:, np.newaxis] * np.stack([uy, vy, -(uy * x + vy * y)], axis=1)
        zero, one = np.zeros_like(u), np.ones_like(u)
        of_x = [x * r2, x * r2**2, 2.0 * x * y, r2 + 2.0 * x * x, x * r2**3]
        of_y = [y * r2, y * r2**2, r2 + 2.0 * y * y, 2.0 * x * y, y * r2**3]
        by_number = np.empty((len(points), 2, len(PARAMETERS)))
        by_number[:, 0] = np.stack([u, zero, one, zero, *(self.fx * each for each in of_x)], axis=1)
        by_number[:, 1] = np.stack([zero, v, zero, one, *(self.fy * each for each in of_y)], axis=1)
        return pixels, by_point, by_number
