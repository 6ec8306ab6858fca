# Every target is one call of ./dev; `./dev help` tells more.
.PHONY: run test reset stop lock help
.DEFAULT_GOAL := help

run: ## start the demo hospital (Ctrl-C stops it, the data is kept)
	@./dev run

test: ## every check and test, with a database of its own
	@./dev test

reset: ## forget the demo's data and keys
	@./dev reset

stop: ## stop what a killed run left behind
	@./dev stop

lock: ## pin requirements*.in into requirements*.txt, with hashes
	@./dev lock

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12
