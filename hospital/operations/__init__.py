"""Running the house: its commands, its system checks, and the demo hospital on one machine."""
