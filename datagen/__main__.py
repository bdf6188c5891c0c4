"""``python -m datagen`` is ``datagen``; see ``datagen.command``."""

from datagen.command.entry import main

if __name__ == "__main__":
    main()
