"""From a path or URL to what is there."""

from clam_robot.episodes import schema
from clam_robot.episodes.stores.episode_store import EpisodeStore, StoredEpisode
from clam_robot.episodes.stores.local_store import LocalStore
from clam_robot.episodes.stores.place import Place, folder_of, is_url
from clam_robot.errors import NoEpisodes


def open_store(place: Place) -> EpisodeStore:
    """The store of a data set, or of a single episode, which then has only that one.

    Raises:
        MissingDependency: a package for such URLs is not installed.
        StoreUnavailable: no such URL, or it cannot be reached.
    """
    if is_url(place):
        from clam_robot.episodes.stores.object_store import ObjectStore  # fsspec is an extra

        return ObjectStore(str(place))
    folder = folder_of(place).absolute()
    if (folder / schema.METADATA).exists():
        return LocalStore(folder.parent, [folder.name])
    return LocalStore(folder)


def finished_episodes(store: EpisodeStore) -> dict[str, StoredEpisode]:
    """What a store has of finished episodes, by name.

    Raises:
        NoEpisodes: there are none.
    """
    found = store.look()
    finished = {name: each for name, each in found.items() if each.is_finished}
    if not finished:
        begun = f" but {len(found)} whose copy is not finished" if found else ""
        raise NoEpisodes(
            f"expected episodes named episode_000000 and on in {store.place}, found none{begun}; "
            "record some, or give another place"
        )
    return finished
