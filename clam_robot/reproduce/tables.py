"""The tables there are. Settings that a row does not name are the defaults, the same for every task."""

from clam_robot.reproduce.table import Row, Table

FOUR = ("metaworld:assembly", "metaworld:bin-picking", "metaworld:peg-insert-side", "metaworld:shelf-place")
# Chosen before anything was measured on them, and never tuned on.
FRESH = (
    "metaworld:pick-place",
    "metaworld:door-open",
    "metaworld:drawer-close",
    "metaworld:button-press",
    "metaworld:lever-pull",
)
BODIES = ("dmcontrol:cheetah-run", "dmcontrol:hopper-stand", "dmcontrol:walker-walk")

# From pictures the four and two that need no exact grasp.
SEEN = (*FOUR, "metaworld:button-press", "metaworld:drawer-close")

_METHODS = (
    Row(name="clam", method="clam"),
    Row(name="vpt", method="vpt"),
    Row(name="lapo", method="lapo"),
    Row(name="lapa", method="lapa"),
    Row(name="dynamo", method="dynamo"),
    Row(name="bc-play", method="bc-play"),
    Row(name="oracle", method="oracle"),
)

_CAMERA = {"cameras": ("corner2",), "image_height": 64, "image_width": 64}

_ALL = (
    Table(name="state", title="states, 50 labelled play episodes", robots=FOUR, rows=_METHODS),
    Table(
        name="ten-labels",
        title="states, 10 labelled play episodes",
        robots=FOUR,
        rows=tuple(
            Row(name=row.name, method=row.method, train={"num_labeled": 10}) for row in _METHODS if row.name != "oracle"
        ),
    ),
    Table(name="fresh", title="tasks that nothing was tuned on", robots=FRESH, rows=_METHODS),
    Table(
        name="dmcontrol",
        title="DMControl, states, normalised return, 5 labelled play episodes of 1,000 steps",
        robots=BODIES,
        rows=tuple(
            Row(name=row.name, method=row.method, preset="torques", train={"num_labeled": 5}, num_demonstrations=20)
            for row in _METHODS
        ),
        num_play=25,
    ),
    Table(
        name="images",
        title="64 x 64 pixels of one camera and the hand, 50 labelled play episodes",
        robots=SEEN,
        rows=tuple(
            Row(name=row.name, method=row.method, preset="images", collect=_CAMERA)
            for row in _METHODS
            if row.name in {"clam", "vpt", "lapo", "lapa", "oracle"}
        ),
    ),
    Table(
        name="ablation",
        title="what continuous and joint are worth",
        robots=FOUR,
        rows=(
            *(
                Row(
                    name=f"{kind}, {'joint' if is_joint else 'not joint'}",
                    method="clam",
                    train={
                        "latent.is_joint": is_joint,
                        "latent.bottleneck.kind": "continuous" if kind == "continuous" else "vq",
                    },
                )
                for kind in ("continuous", "discrete")
                for is_joint in (True, False)
            ),
            *(
                Row(
                    name=f"{kind}, not joint, decoder of two layers",  # what no label has shaped may need more
                    method="clam",
                    train={
                        "latent.is_joint": False,
                        "latent.decoder_layers": 2,
                        "latent.bottleneck.kind": "continuous" if kind == "continuous" else "vq",
                    },
                )
                for kind in ("continuous", "discrete")
            ),
            *(
                Row(
                    name=f"discrete, joint, {size} codes",  # of 128
                    method="clam",
                    train={"latent.bottleneck.kind": "vq", "latent.bottleneck.codebook_size": size},
                )
                for size in (8, 32)
            ),
        ),
    ),
    Table(
        name="changes",
        title="what each of our changes is worth",
        robots=FOUR,
        rows=(
            Row(name="all of them", method="clam"),
            Row(
                name="policy imitates latents",
                method="clam",
                train={"policy.latent_weight": 1.0, "policy.decoded_weight": 0.0},
            ),
            Row(name="one frame ahead", method="clam", train={"features.future": 1}),
            Row(name="no dropout", method="clam", train={"latent.dropout": 0.0, "policy.dropout": 0.0}),
            Row(name="no common scale", method="clam", train={"features.std_floor": 0.0}),
            Row(name="continuous gripper", method="clam", collect={"gripper": "continuous"}),
        ),
    ),
    Table(
        name="label-budget",
        title="labelled play episodes",
        robots=FOUR,
        rows=tuple(
            Row(name=f"{method} {num}", method=method, train={"num_labeled": num})
            for method in ("clam", "vpt")
            for num in (5, 10, 20, 50)
        ),
    ),
    Table(
        name="unlabelled",
        title="unlabelled demonstrations",
        robots=FOUR,
        rows=tuple(Row(name=str(num), method="clam", num_demonstrations=num) for num in (25, 50, 100, 150, 200)),
    ),
    Table(
        name="latent-dim",
        title="size of the latent action",
        robots=FOUR,
        rows=tuple(Row(name=str(size), method="clam", train={"latent.latent_dim": size}) for size in (2, 4, 8, 16, 32)),
    ),
)

TABLES = {table.name: table for table in _ALL}
