# Robot machine: control loop, teleoperation, cameras, servo drivers and ROS 1 from Debian. No torch.
ARG BASE=debian:12.12-slim@sha256:d5d3f9c23164ea16f31852f95bd5959aad1c5e854332fe00f7b3a20fcc9f635c

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3.11-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3.11 -m venv /opt/clam
WORKDIR /src
# What is installed follows from these files: a change of the program leaves this layer as it is.
COPY pyproject.toml README.md docker/constraints.txt ./
COPY clam_robot/__init__.py clam_robot/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/clam/bin/pip install --no-cache-dir -c constraints.txt '.[hardware,teleop,cameras,operator,cloud]'
COPY . .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/clam/bin/pip install --no-cache-dir --no-deps --force-reinstall . \
    && /opt/clam/bin/pip check \
    && /opt/clam/bin/pip uninstall -y pip

FROM ${BASE}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
COPY docker/ros-packages.txt docker/link-ros /tmp/
# OpenCV asks for libGL and GLib, RealSense for libusb.
RUN apt-get update \
    && sed -e '/^#/d' -e 's/.* //' /tmp/ros-packages.txt | sort -u \
    | xargs apt-get install -y --no-install-recommends ca-certificates libgl1 libglib2.0-0 libusb-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home --groups dialout,video,plugdev clam \
    && install -d -o clam -g clam /data /run/clam
COPY --from=build /opt/clam /opt/clam
RUN /tmp/link-ros /opt/clam && /opt/clam/bin/python -c 'import rospy'
COPY docker/healthy /usr/local/bin/
ENV PATH=/opt/clam/bin:$PATH PYTHONUNBUFFERED=1 ROS_HOME=/tmp/ros ROS_LOG_DIR=/tmp/ros/log
USER 1000:1000
WORKDIR /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["healthy", "http://127.0.0.1:8080/v1/arm"]
ENTRYPOINT ["clam"]
CMD ["--help"]
