"""The paths and names that commands are given: whether the paths are there, and how a shell completes either."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer  # noqa: TC002 - which reads the annotations at run time

from rolewright.cli.settings import project_settings
from rolewright.core.files import UnreadableError, is_folder, require_plain
from rolewright.core.finding import MisuseError
from rolewright.manifest.find import YAML, find_manifests, is_manifest, readable_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def require_there(paths: Iterable[Path]) -> None:
    """Exit 2 where one of the paths that a command was given is neither a file nor a folder."""
    for path in paths:
        try:
            mode = path.stat().st_mode
            if not stat.S_ISDIR(mode):
                require_plain(mode)
        except UnreadableError as error:
            raise MisuseError(f"{path} {error}") from None
        except (FileNotFoundError, NotADirectoryError):
            raise _missing(path) from None
        except OSError as error:
            raise MisuseError(f"{path} cannot be read: {error.strerror}") from None


def given(ctx: typer.Context, value: Any) -> Any:  # noqa: ANN401 - of an argument or option: one path, several or none
    """Return the paths that an option or an argument names. Raises MisuseError for one that does not exist.

    What else keeps a file from being read is a finding: the others are looked at all the same.
    """
    if not ctx.resilient_parsing:  # as for completion, where the words are not finished
        for path in [value] if isinstance(value, Path) else value or ():
            try:
                path.stat()
            except (FileNotFoundError, NotADirectoryError):
                raise _missing(path) from None
            except OSError:
                continue
    return value


def _missing(path: Path) -> MisuseError:
    return MisuseError(f"{path} does not exist")


def manifest_names(incomplete: str) -> list[str]:
    """Return the manifests that a word may become: the project's, or else those in the folder that it names."""
    with suppress(Exception):  # a shell has no place for what is wrong, and the command says it
        project = [str(path) for path in find_manifests(map(Path, project_settings().manifests)).manifests]
        fitting = [name for name in project if name.startswith(incomplete)]
        if fitting:
            return fitting
    with suppress(OSError):
        return sorted(name for name in _in_folder(incomplete) if name.startswith(incomplete))
    return []


def _in_folder(incomplete: str) -> Iterator[str]:
    """Yield the folders, with a slash, and the manifests of the folder that a word names up to its last slash."""
    folder = incomplete.rpartition("/")[0] + "/" if "/" in incomplete else ""
    for path in Path(folder).iterdir():
        if is_folder(path):
            yield f"{folder}{path.name}/"
        elif path.suffix.lower() in YAML and is_manifest(readable_text(path), str(path)):
            yield f"{folder}{path.name}"


def compute_types(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the compute types that a word may become."""
    return _types(ctx, incomplete, "compute")


def resource_types(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the resource types that a word may become."""
    return _types(ctx, incomplete, "resources")


def all_types(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the types of both kinds that a word may become."""
    return [*compute_types(ctx, incomplete), *resource_types(ctx, incomplete)]


def _types(ctx: typer.Context, incomplete: str, kind: str) -> list[str]:
    from rolewright.blueprint import builtin_root  # noqa: PLC0415 - only completion needs it

    roots = [builtin_root(), *(ctx.params.get("blueprints") or ())]
    names = {path.parent.name for root in roots for path in (root / kind).glob(f"{incomplete}*/blueprint.yaml")}
    return sorted(names)


def verbs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the verbs of the type in front of it that a word may become."""
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - only completion needs it

    with suppress(Exception):
        resource = load_catalog(ctx.params.get("blueprints") or ()).resources[ctx.params["type_"]]
        return [verb for verb in resource.verbs if verb.startswith(incomplete)]
    return []
