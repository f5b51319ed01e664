"""Start the Flow Explorer window: `python main.py [PROJECT.flow]`."""

from explorer.start import main

if __name__ == "__main__":
    raise SystemExit(main())
