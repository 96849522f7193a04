"""Tables become cells: settings by name, the same cell once, and mistakes named."""

import dataclasses

import pytest

from clam_robot.errors import ConfigError
from clam_robot.reproduce.table import Row, Table
from clam_robot.reproduce.tables import TABLES
from clam_robot.training.presets import PRESETS

TABLE = Table(
    name="small",
    title="two rows",
    robots=("metaworld:assembly", "metaworld:reach"),
    rows=(
        Row(name="clam", method="clam", train={"latent.latent_dim": 4}),
        Row(name="open", method="clam", collect={"gripper": "continuous"}, num_demonstrations=7),
        Row(name="oracle", method="oracle"),
        Row(name="bc-play", method="bc-play"),
    ),
    num_play=30,
)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_cell_of_every_table_can_be_made_and_has_a_folder_of_its_own(table: Table) -> None:
    keys = [
        table.cell(row, robot, k, episodes=50).key for row in table.rows for robot in table.robots for k in range(2)
    ]
    assert len(set(keys)) == len(keys)


def test_a_row_changes_what_it_names_and_nothing_else() -> None:
    clam, oracle = (TABLE.cell(TABLE.rows[i], "metaworld:reach", 3, episodes=5) for i in (0, 2))
    assert clam.train.latent.latent_dim == 4
    assert (clam.train.label_set, clam.train.seed) == (3, 3)
    assert clam.train.policy == oracle.train.policy
    assert clam.play is not None and clam.play.episodes == 30
    assert oracle.play is None and oracle.demonstrations is not None


def test_data_follow_the_row() -> None:
    cell = TABLE.cell(TABLE.rows[1], "metaworld:reach", 0, episodes=5)
    assert cell.play is not None and cell.play.collect.gripper == "continuous"
    assert cell.demonstrations is not None and cell.demonstrations.episodes == 7
    assert cell.train.num_demonstrations == 7
    assert TABLE.cell(TABLE.rows[3], "metaworld:reach", 0, episodes=5).demonstrations is None


def test_a_row_starts_from_its_preset() -> None:
    table = TABLES["images"]
    cell = table.cell(table.rows[0], "metaworld:reach", 1, episodes=5)
    assert cell.train == dataclasses.replace(
        PRESETS["images"], method=table.rows[0].method, label_set=1, seed=1, num_demonstrations=100
    )
    assert cell.play is not None and cell.play.collect.cameras == ("corner2",)


def test_a_setting_of_another_name_or_type_is_refused() -> None:
    for train in ({"latent.size": 4}, {"latent.latent_dim": "four"}):
        table = Table(
            name="wrong", title="", robots=("metaworld:reach",), rows=(Row(name="x", method="clam", train=train),)
        )
        with pytest.raises(ConfigError, match="row x of table wrong"):
            table.cell(table.rows[0], "metaworld:reach", 0, episodes=5)


def test_parts_of_a_table_are_chosen_by_name() -> None:
    part = TABLE.only(tasks=("reach",), rows=("oracle",))
    assert part.robots == ("metaworld:reach",)
    assert [row.name for row in part.rows] == ["oracle"]
    with pytest.raises(ConfigError, match="no task in table small named 'assemble'; there are metaworld:assembly"):
        TABLE.only(tasks=("assemble",))
    with pytest.raises(ConfigError, match="no row named 'vpt'; there are clam, open"):
        TABLE.only(rows=("vpt",))
