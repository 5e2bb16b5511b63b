"""Print the unzipped size of the layers for both processors. Lambda's limit is 250 MB.

    python .ci/measure_layers.py

Installs the requirements as wheels for Amazon Linux into a temporary folder. Fails if a wheel is
missing, or if the layers together are too large for a function that uses all of them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import strip_botocore

ROOT = Path(__file__).resolve().parents[1]
LIMIT_BYTES = 250 * 1024**2  # AWS Lambda, "Quotas": the deployment package with all its layers
PYTHON = "3.13"
PLATFORMS = {
    "arm64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64"),
    "x86_64": ("manylinux2014_x86_64", "manylinux_2_28_x86_64"),
}
LAYERS = ("dependencies", "imaging")


def main() -> int:
    fits = True
    own = sum(one.stat().st_size for one in (ROOT / "layers/coffer/python").rglob("*.py"))
    for architecture, platforms in PLATFORMS.items():
        sizes = {"coffer": own}
        for layer in LAYERS:
            with tempfile.TemporaryDirectory() as folder:
                install(ROOT / "layers" / layer / "requirements.txt", platforms, folder)
                if (data := Path(folder, "botocore/data")).exists():
                    strip_botocore.strip_in_place(data)
                sizes[layer] = size_of(Path(folder))
        total = sum(sizes.values())
        fits = fits and total <= LIMIT_BYTES
        parts = ", ".join(f"{name} {size / 1024**2:.1f}" for name, size in sizes.items())
        share = total / LIMIT_BYTES
        print(f"{architecture:<7} {total / 1024**2:6.1f} MiB of 250 ({share:.0%}): {parts}")
    return 0 if fits else 1


def install(requirements: Path, platforms: tuple[str, ...], folder: str) -> None:
    """Install the wheels into the folder. Raise an error if one does not exist for the platform."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    command += ["--only-binary", ":all:", "--python-version", PYTHON, "--implementation", "cp"]
    for platform in platforms:
        command += ["--platform", platform]
    command += ["--target", folder, "--requirement", str(requirements)]
    subprocess.run(command, check=True)  # noqa: S603 - this interpreter's pip


def size_of(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


if __name__ == "__main__":
    sys.exit(main())
