"""Template: what a user of an exported GAN calls."""

# ruff: noqa: T201  the exported model prints when it is run

from __future__ import annotations

from flowengine.export.templates.sampling import sample


def main() -> None:
    """Print a few samples."""
    for x, y in sample(5, seed=0).tolist():
        print(f"x = ({x:.9g}, {y:.9g})")


if __name__ == "__main__":
    main()
