"""An index of the files of a project by the names that import them, or their folders."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING

from rolewright.sdk.javascript_and_go.bindings import is_relative

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.sdk.javascript_and_go.bindings import SourceBinding, SourceFile


class SourceFileIndex:
    """Files by the last part of their paths, and by their folders; in Go, a folder is a package."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._by_stem: dict[str, list[SourceFile]] = defaultdict(list)
        self._by_folder: dict[PurePath, list[SourceFile]] = defaultdict(list)
        for file in files:
            path = PurePosixPath(PurePath(file.path).as_posix())
            stem = path.name.partition(".")[0]
            self._by_stem[path.parent.name if stem == "index" else stem].append(file)
            self._by_folder[PurePath(file.path).parent].append(file)

    def beside(self, file: SourceFile, name: str) -> list[SourceBinding]:
        """Return what a name is bound to in the other files of a Go package."""
        if PurePath(file.path).suffix != ".go":
            return []
        near = self._by_folder[PurePath(file.path).parent]
        return [
            binding for neighbour in near if neighbour is not file for binding in neighbour.names.get((-1, name), ())
        ]

    def imported(self, package: str) -> SourceFile | None:
        """Return the file of the project that an import is of; None for a third-party package."""
        path = PurePosixPath(package)
        if not is_relative(package):
            return None
        name = path.name.partition(".")[0]
        near = self._by_stem.get(name or path.parent.name, [])
        if len(near) > 1:
            parents = [file for file in near if PurePath(file.path).parent.name == path.parent.name]
            near = parents or near
        return near[0] if len(near) == 1 else None
