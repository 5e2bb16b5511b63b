"""Entry of `python -m local`. Readable by old Pythons, so that they can say that they are old."""

import sys


def main():  # type: () -> int
    """Checks what has to be there before anything else is imported."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this very check is why the file is so plain
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
    """Says which package isn't installed."""
    name = (error.name or "").split(".")[0]
    sys.stderr.write(
        "The package %r isn't installed for %s.\n"
        "Install what the stack needs: pip install -r requirements.txt (or: make start)\n"
        % (name, sys.executable)
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
