"""The image: built from this checkout, pushed, and named by its digest, which nobody can change afterwards."""

import base64
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from formation import Failed

_ROOT: Final = Path(__file__).parents[2]


def push(session: Any, repository: str) -> str:  # noqa: ANN401 - boto3 ships no types
    """Build and push with Docker or podman, whichever is there; return the image's name with its digest. Raises Failed."""
    program = shutil.which("docker") or shutil.which("podman")
    if program is None:
        raise Failed(
            "Neither docker nor podman is here to build with: push the image elsewhere and name it, DEPLOY_IMAGE."
        )
    registry, _, name = repository.partition("/")
    ecr = session.client("ecr", region_name=registry.split(".")[3])
    tag = f"{repository}:{_version()}"
    built = [
        program,
        "build",
        "--file",
        "infra/container/Containerfile",
        "--target",
        "noughts",
        "--platform",
        "linux/amd64",
    ]
    _run([*built, *(["--format", "docker"] if "podman" in program else []), "--tag", tag, "."])
    token = base64.b64decode(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]).decode()
    who, _, password = token.partition(":")
    _run([program, "login", "--username", who, "--password-stdin", registry], given=password)
    _run([program, "push", tag])
    found = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag.rpartition(":")[2]}])
    return f"{repository}@{found['imageDetails'][0]['imageDigest']}"


def _version() -> str:
    """Return a tag that was never given before: the commit, and when; tags stay with their image."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=_ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return f"{commit or 'unversioned'}-{time.strftime('%Y%m%d%H%M%S', time.gmtime())}"


def _run(command: list[str], given: str | None = None) -> None:
    subprocess.run(command, cwd=_ROOT, input=given, text=True, check=True)
