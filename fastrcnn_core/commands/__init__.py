"""The six commands: each reads its arguments, calls the core, prints what came out, and answers with an exit code."""
