"""Episodes from and to the formats of other programs.

| format | export | import | module |
|---|---|---|---|
| LeRobot v3.0 | yes | yes | `lerobot_v3`, `lerobot_import` |
| LeRobot v2.1 | yes | yes | `lerobot_v21`, `lerobot_import` |
| UMI / diffusion-policy `ReplayBuffer` (zarr 2) | yes | yes | `replay_buffer`, `replay_buffer_import` |
| Bridge raw | no | yes | `bridge` |
| folder of films | no | yes, as unlabelled demonstrations | `film_folder` |

What other programs read has a row per control period: exports hold the frames that rows showed, and neither the frames
in between nor the samples of the joints. Each module's docstring says how the fields map. Exports are written aside and
get their name when they are whole; imports pass through `clam_robot.exchange.clip.Clip` into the recorder, so that an
imported episode is as any other.
"""
