"""Entry point of `python -m local`. Old Pythons can read it, so that they print a clear error."""

import sys


def main():  # type: () -> int
    """Check the Python version and the installed packages, then run the command line."""
    if sys.version_info < (3, 11):  # noqa: UP036 - old Pythons do run this check
        sys.stderr.write(
            "Coffer's local stack needs Python 3.11 or newer; this is %d.%d (%s).\n"
            "Make an environment with a newer one: python3.11 -m venv .venv\n"
            % (sys.version_info[0], sys.version_info[1], sys.executable)
        )
        return 1
    try:
        from local.commands import main as run
    except ModuleNotFoundError as error:
        return missing(error)
    try:
        return run(sys.argv[1:])
    except ModuleNotFoundError as error:
        return missing(error)


def missing(error):  # type: (ModuleNotFoundError) -> int
    """Print which package is not installed, and return the exit code."""
    name = (error.name or "").split(".")[0]
    sys.stderr.write(
        "The package %r isn't installed for %s.\n"
        "Install what the stack needs: pip install -r requirements.txt (or: make start)\n"
        % (name, sys.executable)
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
