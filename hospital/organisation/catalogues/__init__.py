"""Catalogues of codes: read a file of any edition, find what is wrong with it, bring it in as a whole or not at all."""
