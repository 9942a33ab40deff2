"""`python -m opm`: how a runtime starts the sidecars with the very interpreter it runs under."""

from opm.cli import main

if __name__ == "__main__":
    main()
