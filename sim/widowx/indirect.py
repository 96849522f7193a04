"""Indirect addressing: 56 bytes that stand for any others, so that scattered registers are read and written in one go.

Indirect_Address_n holds the address that Indirect_Data_n stands for, its own to begin with. Source: the maker's
e-Manual, X series.
"""

from clam_robot.hardware.control_table import Register

FIRST = 168  # the first address that has to do with it
TARGETS = (64, 661)  # addresses that may be named
_BLOCKS = ((1, 168, 224), (29, 578, 634))  # number of the first, its address register, its data
_PER_BLOCK = 28

ADDRESSES = tuple(
    Register(f"Indirect_Address_{number + n}", address + 2 * n, 2)
    for number, address, _ in _BLOCKS
    for n in range(_PER_BLOCK)
)
DATA = tuple(
    Register(f"Indirect_Data_{number + n}", data + n, 1) for number, _, data in _BLOCKS for n in range(_PER_BLOCK)
)
REGISTERS = ADDRESSES + DATA
# From the address of a data byte to the register that says what it stands for.
POINTERS = {data.address: address for address, data in zip(ADDRESSES, DATA, strict=True)}
