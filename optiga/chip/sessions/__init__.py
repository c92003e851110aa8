"""What a program does with an open chip: its objects, what it calculates, protected updates."""
