"""The command ``datagen``; the only package that prints, parses arguments and handles signals."""
