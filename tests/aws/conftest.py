"""The deployment, made once for all that is asked about it."""

import shutil
from collections.abc import Iterator

import pytest

from tests.aws.cloud import Cloud, deployed
from tests.aws.emulator import emulated
from tests.containers.engine import Podman
from tests.containers.images import Images


@pytest.fixture(scope="package")
def cloud(podman: Podman, built: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Everything that `infra/aws` describes, on the emulator, from this checkout's image."""
    folder = tmp_path_factory.mktemp("cloud")
    bare = f"{built.noughts.replace('noughts-test', 'noughts-aws-test')}-bare"
    context = folder / "bare"
    context.mkdir()
    (context / "Containerfile").write_text(f"FROM {built.noughts}\nENTRYPOINT []\nCMD []\n")
    podman.build(context, f"--tag={bare}")
    try:
        with emulated(podman, folder) as emulator, deployed(emulator, (built.noughts, bare), folder) as cloud:
            yield cloud
    finally:
        podman("rmi", bare, check=False)
        shutil.rmtree(folder, ignore_errors=True)
