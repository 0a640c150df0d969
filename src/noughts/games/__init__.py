"""What they play: the games of users, their rules and the computer's choice."""
