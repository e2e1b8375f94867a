"""`python -m tests.house.generate`: write the generated files anew."""

from tests.house.pages import generated
from tests.house.source import ROOT


def main() -> None:
    """Write each generated file."""
    for path, text in generated().items():
        (ROOT / path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
