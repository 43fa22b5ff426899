"""What moto and the SDK do faster, or do as AWS does, while a module is applied to moto in this process."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


def moto_sparing() -> Callable[[], AbstractContextManager[None]]:
    """Return a context in which moto and the SDK skip work that is repeated or whose result is not used.

    moto also accepts the ARN of a job of S3 Batch Operations there, which has a region: it knows that of access points
    alone, and would refuse a policy that AWS takes.
    """
    from botocore.loaders import Loader  # noqa: PLC0415 - heavy, as the others
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from moto.core import responses  # noqa: PLC0415
    from moto.core.utils import method_names_from_class  # noqa: PLC0415
    from moto.iam import policy_validation  # noqa: PLC0415

    generate, load = rsa.generate_private_key, Loader.load_data_with_path
    models: dict[tuple[type, str], Any] = {}

    class Key:
        """A key pair that is generated at its first use: moto makes one for every KMS key, symmetric or not."""

        def __init__(self, **parameters: Any) -> None:  # noqa: ANN401
            self._parameters = parameters

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            return getattr(generate(**self._parameters), name)

    def shared(loader: Any, name: str) -> Any:  # noqa: ANN401
        """Return the model of a service, loaded once for each class of loader: moto's adds to what it loads."""
        key = type(loader), name
        if key not in models:
            models[key] = load(loader, name)
        return models[key]

    names = cache(method_names_from_class)
    of_s3 = policy_validation.SERVICE_TYPE_REGION_INFORMATION_ERROR_ASSOCIATIONS["s3"]

    @contextmanager
    def sparing() -> Iterator[None]:
        with (
            patch.object(rsa, "generate_private_key", Key),
            patch.object(Loader, "load_data_with_path", shared),
            patch.object(responses, "method_names_from_class", names),
            patch.dict(of_s3, {"valid_starting_values": [*of_s3["valid_starting_values"], "job/"]}),
        ):
            yield

    return sparing
