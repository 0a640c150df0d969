"""Looking after whole databases, from the command line: roles, checks, backups, moving from one to another."""
