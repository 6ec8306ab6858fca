"""The demo hospital and the test run on one machine: own PostgreSQL, own Redis, all processes, nothing of the system's.

`./dev` prepares Python and calls `python -m hospital.operations.house run|test|reset|manage`. Nothing in here loads
Django: it starts the programs that do.
"""
