"""The tasks of a LeRobot v3.0 data set, in the Parquet file that pandas would write of them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

NUMBER = "task_index"
_INDEX = "__index_level_0__"


def read(path: Path) -> dict[int, str]:
    """Task by number."""
    table = pq.read_table(path)
    (name,) = [name for name in table.column_names if name != NUMBER]
    return dict(zip(table[NUMBER].to_pylist(), table[name].to_pylist(), strict=True))


def write(path: Path, tasks: tuple[str, ...]) -> None:
    """A table whose index is the task."""
    description = {
        "index_columns": [_INDEX],
        "column_indexes": [
            {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object", "metadata": None}
        ],
        "columns": [
            {
                "name": NUMBER,
                "field_name": NUMBER,
                "pandas_type": "int64",
                "numpy_type": "int64",
                "metadata": None,
            },
            {"name": None, "field_name": _INDEX, "pandas_type": "unicode", "numpy_type": "object", "metadata": None},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    table = pa.table({NUMBER: pa.array(range(len(tasks)), pa.int64()), _INDEX: pa.array(tasks, pa.string())})
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(description)}), path)
