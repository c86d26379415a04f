"""The command line: one file per command. torch is imported only inside the commands that need it."""
