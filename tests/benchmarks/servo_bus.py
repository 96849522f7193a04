"""Round trips on the twin's servo bus from another process, and what the twin costs.

    .venv/bin/python tests/benchmarks/servo_bus.py [--seconds 10] [--hz 100]

In every period nine servos are read (sync read of current, velocity and position) and seven are given a goal (sync
write), with the genuine dynamixel-sdk, which polls for its answer, and with pyserial, which sleeps until it is there.
A 1 Mbaud wire alone takes 2.2 ms of a round trip. CPU shares are of one core.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import serial
from dynamixel_sdk import COMM_SUCCESS, GroupSyncRead, GroupSyncWrite, PacketHandler, PortHandler

from clam_robot.hardware import control_table as ct
from clam_robot.hardware.wx250s import SERVOS
from clam_robot.timing import MonotonicClock, Rate
from sim.widowx.packet import BROADCAST_ID, Instruction, Packet
from sim.widowx.packet_reader import PacketReader
from sim.widowx.twin_process import TwinProcess

BAUD = 1_000_000
SPAN = 10  # current, velocity and position
ARM = [servo for servo in SERVOS if servo.follows is None and servo.name != "gripper"]


def with_sdk(path: str) -> tuple[Callable[[], bool], Callable[[], None]]:
    """One round trip with the genuine SDK, and how to let go of the port."""
    port, packets = PortHandler(path), PacketHandler(2.0)
    port.openPort()
    port.setBaudRate(BAUD)
    read = GroupSyncRead(port, packets, ct.PRESENT_CURRENT.address, SPAN)
    write = GroupSyncWrite(port, packets, ct.GOAL_POSITION.address, ct.GOAL_POSITION.size)
    for servo in SERVOS:
        read.addParam(servo.id)

    def round_trip() -> bool:
        is_good = read.txRxPacket() == COMM_SUCCESS
        write.clearParam()
        for servo in ARM:
            goal = read.getData(servo.id, ct.PRESENT_POSITION.address, ct.PRESENT_POSITION.size)
            write.addParam(servo.id, goal.to_bytes(4, "little"))
        return write.txPacket() == COMM_SUCCESS and is_good

    return round_trip, port.closePort


def with_pyserial(path: str) -> tuple[Callable[[], bool], Callable[[], None]]:
    """The same with blocking reads of the bytes that have to come."""
    port, reader = serial.Serial(path, BAUD, timeout=0.2), PacketReader()
    span = ct.PRESENT_CURRENT.address.to_bytes(2, "little") + SPAN.to_bytes(2, "little")
    request = Packet(
        id=BROADCAST_ID,
        instruction=Instruction.SYNC_READ,
        parameters=span + bytes(servo.id for servo in SERVOS),
    ).to_bytes()
    goal = ct.GOAL_POSITION.address.to_bytes(2, "little") + ct.GOAL_POSITION.size.to_bytes(2, "little")

    def round_trip() -> bool:
        port.write(request)
        answers: list[Packet] = []
        while len(answers) < len(SERVOS) and (data := port.read(max(1, port.in_waiting))):
            answers += reader.feed(data)
        if len(answers) < len(SERVOS):
            return False
        positions = {answer.id: answer.parameters[-4:] for answer in answers}
        rows = b"".join(bytes((servo.id,)) + positions[servo.id] for servo in ARM)
        port.write(Packet(id=BROADCAST_ID, instruction=Instruction.SYNC_WRITE, parameters=goal + rows).to_bytes())
        return True

    return round_trip, port.close


def measure(round_trip: Callable[[], bool], *, hz: float, seconds: float) -> tuple[np.ndarray, int]:
    """Seconds of each round trip, and how many failed."""
    rate, times, num_failed = Rate(hz, MonotonicClock()), [], 0
    for _ in range(round(hz * seconds)):
        begun = time.perf_counter()
        num_failed += not round_trip()
        times.append(time.perf_counter() - begun)
        rate.sleep()
    return np.array(times), num_failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--hz", type=float, default=100.0)
    options = parser.parse_args()
    print(f"{'client':13} {'p50 ms':>7} {'p99 ms':>7} {'worst':>7} {'failed':>7} {'twin CPU':>9} {'client CPU':>11}")
    with TwinProcess() as twin, twin.client() as truth:
        time.sleep(1.0)
        before = truth.usage()["cpu_seconds"]
        time.sleep(options.seconds)
        print(f"{'none':13} {'':39} {(truth.usage()['cpu_seconds'] - before) / options.seconds:9.2f}", flush=True)
        for name, connect in (("dynamixel-sdk", with_sdk), ("pyserial", with_pyserial)):
            round_trip, close = connect(str(twin.port))
            before, begun, own = truth.usage()["cpu_seconds"], time.perf_counter(), time.process_time()
            times, num_failed = measure(round_trip, hz=options.hz, seconds=options.seconds)
            elapsed = time.perf_counter() - begun
            twin_share = (truth.usage()["cpu_seconds"] - before) / elapsed
            own_share = (time.process_time() - own) / elapsed
            close()
            p50, p99 = np.percentile(times, [50, 99]) * 1e3
            print(
                f"{name:13} {p50:7.2f} {p99:7.2f} {times.max() * 1e3:7.2f} {num_failed:3}/{len(times):<4}"
                f"{twin_share:9.2f} {own_share:11.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
