"""The six commands: each parses its arguments, calls the core, prints the result, and returns an exit code."""
