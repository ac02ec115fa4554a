"""The build backend: installs the checkout for editing, and refuses to make a wheel.

A wheel would drop top-level packages named `flows` and `tasks` into other people's site-packages.
Prefect deploys from a checkout anyway (entry points are paths, `flows/rebuild_image.py:rebuild_image`), so
the checkout, or the image in `docker/` that contains one, is the unit of deployment.
"""

from typing import Any, NoReturn

from setuptools import build_meta

get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable
build_editable = build_meta.build_editable

_REFUSAL = (
    "golden-image-factory is deployed from a checkout, not from a wheel: a wheel would install packages "
    "named 'flows' and 'tasks'. Use `git clone` and `make setup`, or the image in docker/."
)


def build_wheel(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Refuse, with the remedy."""
    raise SystemExit(_REFUSAL)


def build_sdist(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Refuse, with the remedy."""
    raise SystemExit(_REFUSAL)
