"""Generate events from a JSON spec: ``python generator.py -c conf/gen/example.json -n 20``. The same as ``datagen``."""

from datagen.command.entry import main

if __name__ == "__main__":
    main()
