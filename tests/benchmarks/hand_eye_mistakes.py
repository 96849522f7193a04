"""How often each injected mistake is named, named as another one, or not noticed, over many recordings."""

from collections import Counter

from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.diagnosis import diagnose
from tests.calibration.injected_mistakes import INJECTED, MOUNTS, recording

NOTHING = "nothing wrong"


def count_mistakes(num_seeds: int) -> list[dict[str, str | int | dict[str, int]]]:
    """One row for each mistake and mount, and one for recordings without any."""
    rows: list[dict[str, str | int | dict[str, int]]] = []
    settings = BundleSettings(offsets=OBSERVABLE)
    for mount in MOUNTS:
        recordings = [recording(mount, seed) for seed in range(num_seeds)]
        alarms = [diagnose(views, settings).findings for views, _, _ in recordings]
        other = Counter(str(each[0].mistake) for each in alarms if each)
        rows.append(_row(NOTHING, mount, num_seeds, num_seeds - other.total(), other, 0))
        for each in INJECTED:
            named, other, missed = 0, Counter[str](), 0
            for seed in range(num_seeds):
                views, true, rng = recording(mount, seed)
                found = diagnose(each.spoil(views, true, rng), settings, each.others).findings
                if not found:
                    missed += 1
                elif found[0].mistake == each.mistake[mount] and each.said in found[0].message:
                    named += 1
                else:
                    other[str(found[0].mistake)] += 1
            rows.append(_row(each.name, mount, num_seeds, named, other, missed))
    return rows


def _row(
    name: str, mount: str, num_seeds: int, named: int, other: Counter[str], missed: int
) -> dict[str, str | int | dict[str, int]]:
    row = {"mistake": name, "mount": mount, "recordings": num_seeds, "named": named}
    print(f"{mount:6} {name:28} named {named:3} of {num_seeds}, missed {missed}, as another {dict(other)}", flush=True)
    return {**row, "missed": missed, "as another": dict(other)}
