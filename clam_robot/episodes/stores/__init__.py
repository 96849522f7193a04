"""Data sets elsewhere: episodes are copied to and from a URL's folder, and read through a folder of this machine.

Recording itself goes to a local disk only. Its promise, that an episode with a name survives a kill and a loss of
power, rests on fsync and rename; an object store has neither (objects appear whole, folders do not, and renaming one
copies every object of it), and a network may be away for minutes while a robot moves. So an episode is finished here
first, and copied afterwards: its own description, `zarr.json`, goes last, and a folder without one is no episode for
anybody.
"""
