"""`python -m launcher`."""

from launcher.cli import run

if __name__ == "__main__":
    run()
