"""The finance office's reports: the day by channel and scene tied to books and bank, the analysis, and their files."""
