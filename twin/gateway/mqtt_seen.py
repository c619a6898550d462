"""What was heard lately, so that what is sent again counts once."""

from collections import OrderedDict

__all__ = ["Seen"]


class Seen:
    """The last `most` keys; the one not met for longest is forgotten first."""

    def __init__(self, most: int = 200_000) -> None:
        self._most = most
        self._keys: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: tuple[str, str]) -> bool:
        """Remember a key; False where it was known."""
        known = key in self._keys
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > self._most:
            self._keys.popitem(last=False)
        return not known
