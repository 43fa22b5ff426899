"""An index of the files of a project by the names that import them."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.sdk.python.scopes import PythonFile


class PythonModuleIndex:
    """Files by every suffix of their dotted paths, since the folder that imports start from is not known."""

    def __init__(self, files: Iterable[PythonFile]) -> None:
        self._files: dict[str, list[PythonFile]] = defaultdict(list)
        for file in files:
            parts = file.name.removesuffix(".__init__").split(".")
            for start in range(len(parts)):
                self._files[".".join(parts[start:])].append(file)

    def nearest(self, module: str, file: PythonFile) -> list[PythonFile]:
        """Return the files that a module may be: those with the longest path in common with the importing file."""
        files = self._files.get(module, [])
        shared = [_shared(candidate.path, file.path) for candidate in files]
        return [candidate for candidate, count in zip(files, shared, strict=True) if count == max(shared)]


def _shared(path: str, other_path: str) -> int:
    """Count the folders that two paths have in common, from the first on."""
    pairs = zip(PurePath(path).parent.parts, PurePath(other_path).parent.parts, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
