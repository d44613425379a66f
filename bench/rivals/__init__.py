"""One module for each server that is measured. They know the cases and none of each other."""
